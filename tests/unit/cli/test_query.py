import json
from datetime import datetime

from typer.testing import CliRunner

from cli.main import app
from cli.query import Format, first_sentence, print_table, show
from headrace.serve.query import Answer, list_queries

ANSWER = Answer(("unit", "share", "at"), [("U-1", 0.51234, datetime(2024, 1, 2, 3, 4)), ("U-2", None, None)])


def test_an_answer_as_csv_has_a_header_and_plain_values(capsys):
    show(ANSWER, Format.csv)

    assert capsys.readouterr().out == "unit,share,at\nU-1,0.51234,2024-01-02 03:04:00\nU-2,,\n"


def test_an_answer_as_json_is_a_list_of_objects(capsys):
    show(ANSWER, Format.json)

    assert json.loads(capsys.readouterr().out)[1] == {"unit": "U-2", "share": None, "at": None}


def test_a_table_shows_what_fits_and_says_how_much_is_left(capsys):
    print_table(ANSWER, at_most=1)

    said = capsys.readouterr().out
    assert "0.5123" in said
    assert "U-2" not in said
    assert "not shown: 1 more rows" in said


def test_without_a_name_the_questions_are_listed():
    said = json.loads(CliRunner().invoke(app, ["query", "--json"]).stdout)

    assert said == list_queries()


def test_a_list_shows_the_first_sentence_only():
    assert first_sentence("Who is late? Columns: who, how late.") == "Who is late?"


def test_columns_that_do_not_fit_are_named_below(capsys, monkeypatch):
    monkeypatch.setattr("cli.screen.out.width", 20)

    print_table(Answer(("unit", "a_rather_long_name"), [("U-1", 1)]))

    assert "columns a_rather_long_name" in " ".join(capsys.readouterr().out.split())
