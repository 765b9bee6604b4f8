import json
from datetime import datetime
from io import StringIO

import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.query import Format, first_sentence, print_table, show
from cli.screen import Screen
from headrace.serve.query import Answer, list_queries

ANSWER = Answer(("unit", "share", "at"), [("U-1", 0.51234, datetime(2024, 1, 2, 3, 4)), ("U-2", None, None)])


@pytest.fixture
def terminal(monkeypatch):
    """80 columns."""
    said = StringIO()
    monkeypatch.setattr("cli.screen.out", Screen(file=said, force_terminal=True, color_system=None, width=80))
    return said


def test_an_answer_as_csv_has_a_header_and_plain_values(capsys):
    show(ANSWER, Format.csv)

    assert capsys.readouterr().out == "unit,share,at\nU-1,0.51234,2024-01-02 03:04:00\nU-2,,\n"


def test_an_answer_as_json_is_a_list_of_objects(capsys):
    show(ANSWER, Format.json)

    assert json.loads(capsys.readouterr().out)[1] == {"unit": "U-2", "share": None, "at": None}


def test_a_pipe_gets_every_row(capsys):
    print_table(ANSWER, at_most=1)

    said = capsys.readouterr().out
    assert "0.5123" in said
    assert "U-2" in said


def test_a_screen_gets_some_rows_and_is_told_how_many_are_left(terminal):
    print_table(ANSWER, at_most=1)

    said = terminal.getvalue()
    assert "0.5123" in said
    assert "U-2" not in said
    assert "not shown: 1 more rows" in said


def test_columns_that_do_not_fit_are_shown_below_each_other(terminal):
    names = tuple(f"longname{number}" for number in range(9))
    print_table(Answer(names, [tuple(f"UNIT-{number:012d}" for number in range(9))]))

    said = terminal.getvalue()
    assert [name for name in names if name not in said] == []
    assert "UNIT-000000000008" in said


def test_without_a_name_the_questions_are_listed():
    said = json.loads(CliRunner().invoke(app, ["query", "--json"]).stdout)

    assert said == list_queries()


def test_a_list_shows_the_first_sentence_only():
    assert first_sentence("Who is late? Columns: who, how late.") == "Who is late?"
