import json
import re
from datetime import UTC, datetime
from io import StringIO
from zipfile import ZipFile

import pandas as pd
import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from cli.main import app
from cli.query import Listed, first_sentence
from cli.query_output import LOOKED_AT, SHOWN, Format, save, show
from cli.query_shell import Shell
from cli.screen import Screen
from headrace.errors import UnknownName, UsageError
from headrace.lake.paths import Paths
from headrace.serve.named_queries import list_queries, named_query
from headrace.serve.query import asked, run_sql
from headrace.settings import Settings

ROWS = [("U-1", 0.51234, datetime(2024, 1, 2, 3, 4)), ("U-2", None, None)]
ANSWER = Listed(("unit", "share", "at"), ROWS)


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


def test_a_pipe_gets_every_row_in_columns(capsys):
    show(Listed(("unit",), [(f"U-{number}",) for number in range(LOOKED_AT + 5)]), Format.table)

    assert capsys.readouterr().out.split() == ["unit", *(f"U-{number}" for number in range(LOOKED_AT + 5))]


def test_a_screen_gets_as_many_rows_as_are_asked_for(terminal):
    show(Listed(("unit",), ROWS and [("U-1",), ("U-2",)]), Format.table, limit=1)

    assert "U-1" in terminal.getvalue()
    assert "U-2" not in terminal.getvalue()
    assert "not shown" not in terminal.getvalue()


def test_by_default_it_gets_some_and_is_told_how_many_are_left(terminal):
    show(Listed(("unit",), [(f"U-{number}",) for number in range(SHOWN + 3)]), Format.table)

    assert f"U-{SHOWN - 1}" in terminal.getvalue()
    assert f"U-{SHOWN}" not in terminal.getvalue()
    assert "not shown: 3 rows; --limit" in terminal.getvalue()


def test_no_more_rows_are_taken_than_a_screen_needs(terminal):
    taken = []

    def rows():
        for number in range(LOOKED_AT * 5):
            taken.append(number)
            yield (number,)

    show(Listed(("number",), rows()), Format.table)

    assert len(taken) <= LOOKED_AT + 1
    assert "more than" in terminal.getvalue()


def test_columns_that_do_not_fit_are_shown_below_each_other(terminal):
    names = tuple(f"longname{number}" for number in range(9))
    show(Listed(names, [tuple(f"UNIT-{number:012d}" for number in range(9))]), Format.table)

    said = terminal.getvalue()
    assert [name for name in names if name not in said] == []
    assert "UNIT-000000000008" in said


@pytest.fixture
def milk(home):
    """Two days of a table of the toy domain."""
    place = Paths.of("pumps", Settings(home=home)).table("silver", "strokes")
    rows = {"pump_id": ["P1", "P2"], "bar": [1.5, None], "at": [datetime(2024, 1, 2, tzinfo=UTC)] * 2}
    write_deltalake(place, pa.table(rows))
    return "select * from silver.strokes order by pump_id"


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx"])
def test_an_answer_is_written_as_the_ending_of_its_file_says(milk, tmp_path, kind):
    file = tmp_path / f"answer.{kind}"

    assert CliRunner().invoke(app, ["query", milk, "--output", str(file), "--limit", "1"]).exit_code == 0

    assert [each.name for each in tmp_path.glob("*answer*")] == [file.name]
    read = {"csv": pd.read_csv, "parquet": pd.read_parquet, "xlsx": cells_of}[kind](file)
    assert len(read) == 1 + (kind == "xlsx")
    if kind == "xlsx":
        assert read[0] == ["pump_id", "bar", "at"]
        assert read[1][0] == "P1"
        assert float(read[1][1]) == 1.5
    else:
        assert list(read["pump_id"]) == ["P1"]


def cells_of(file):
    """The rows of a workbook's only sheet, numbers as text."""
    with ZipFile(file) as book:
        words = re.findall(r"<t[^>]*>([^<]*)</t>", book.read("xl/worksheets/sheet1.xml").decode())
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert words
    rows = re.findall(r"<row .*?</row>", sheet)
    return [re.findall(r"<(?:t|v)[^>]*>([^<]*)</(?:t|v)>", row) for row in rows]


@pytest.mark.parametrize("name", ["answer.pdf", "answer", "no/such/folder.csv"])
def test_a_file_that_cannot_be_is_a_usage_error_and_leaves_nothing(milk, tmp_path, name):
    said = CliRunner().invoke(app, ["query", milk, "--output", str(tmp_path / name)])

    assert isinstance(said.exception, UsageError)
    assert list(tmp_path.glob("*answer*")) == []


def test_more_rows_than_a_sheet_holds_are_a_usage_error(tmp_path, monkeypatch):
    monkeypatch.setattr("cli.query_output.MOST_IN_A_SHEET", 1)

    with pytest.raises(UsageError, match="a sheet holds 1 rows"):
        save(ANSWER, tmp_path / "answer.xlsx")
    assert list(tmp_path.glob("*answer*")) == []


def test_a_shell_answers_statements_and_names_and_outlives_mistakes(milk, monkeypatch, capsys):
    typed = f"{milk}\n limit 1;\nselekt x;\npumps/nothing\nshow tables;\nquit\nselect 1;\n"
    monkeypatch.setattr("sys.stdin", StringIO(typed))

    assert CliRunner().invoke(app, ["query", "--shell", "--json"], input=typed).exit_code == 0
    Shell(lambda said: asked(said), Format.csv, None).run()

    said = capsys.readouterr().out
    assert "P1,1.5" in said
    assert "P2" not in said
    assert "silver.strokes,2," in said


def test_the_tables_of_a_lake_are_listed_and_described(milk):
    assert run_sql("SHOW TABLES;").rows[0][:2] == ("silver.strokes", 2)
    described = dict(row[:2] for row in run_sql("describe silver.strokes").rows)
    assert described == {"pump_id": "string", "bar": "double", "at": "timestamp"}
    assert run_sql("show tables").columns == ("table", "rows", "description")


@pytest.mark.parametrize("asking", ["show columns from", "SHOW COLUMNS IN", "describe table"])
def test_columns_are_shown_however_they_are_asked_for(milk, asking):
    assert run_sql(f"{asking} silver.strokes;").rows == run_sql("describe silver.strokes").rows


@pytest.mark.parametrize("asking", ["show databases", "show schemas;"])
def test_databases_are_the_layers_of_domains_that_hold_tables(milk, asking):
    assert run_sql(asking).rows == [("pumps.silver", 1, 2)]


def test_a_plan_is_explained_line_by_line_and_reads_tables_only(milk):
    lines = [line for (line,) in run_sql(f"explain {milk};").rows]

    assert len(lines) > 5
    assert any("Order By" in line for line in lines)
    assert any("Total Time" in line for (line,) in run_sql(f"EXPLAIN ANALYZE {milk}").rows)
    with pytest.raises(UsageError, match="only SELECT is allowed here, not DELETE"):
        run_sql("explain analyze delete from silver.strokes")


def test_without_a_name_the_questions_are_listed():
    said = json.loads(CliRunner().invoke(app, ["query", "--json"]).stdout)

    assert said == list_queries()


def test_a_list_shows_the_first_sentence_only():
    assert first_sentence("Who is late? Columns: who, how late.") == "Who is late?"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (["--output", "x.csv"], "--output wants a query"),
        (["--sql", "select 1", "--output", "x.csv", "--json"], "leave out --json and --format"),
    ],
)
def test_an_output_that_could_not_be_is_refused(line, told):
    result = CliRunner().invoke(app, ["query", *line])
    assert result.exit_code != 0
    assert told in str(result.exception)


def test_a_query_is_found_without_its_domain_where_no_other_has_its_name():
    assert named_query("early-warnings").name == "refinery/early-warnings"
    with pytest.raises(UnknownName, match="refinery/early-warnings"):
        named_query("early-warning")


def test_a_database_is_written_into_a_folder_that_is_there():
    result = CliRunner().invoke(app, ["attach", "refinery", "--into", "/no/such/lake.duckdb"])
    assert "no folder /no/such to write lake.duckdb into" in str(result.exception)
