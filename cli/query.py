"""`headrace query`: answers from the tables, without Spark."""

import csv
import re
import sys
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cli.examples import examples
from cli.options import instant

if TYPE_CHECKING:
    from cli.grid import Grid
    from headrace.serve.query import Answer

EXAMPLES = examples(
    "headrace query",
    "headrace query {query}",
    "headrace query {query} --format csv > answer.csv",
    'headrace query --sql "select count(*) from gold.anomaly_alerts" --version 0',
)

SHOWN, STACKED_SHOWN = 40, 15


class Format(StrEnum):
    table = "table"
    csv = "csv"
    json = "json"


def query(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A named query; without it, their list.")
    ] = None,
    sql: Annotated[str | None, typer.Option(help="Any read-only SQL over bronze, silver and gold.")] = None,
    version: Annotated[int | None, typer.Option(min=0, help="The tables as of this version.")] = None,
    at: Annotated[
        datetime | None,
        typer.Option(metavar="T", parser=instant, help="The tables as they had been written by then."),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How to print the answer.")] = Format.table,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    from cli.screen import print_json
    from headrace.errors import UsageError
    from headrace.serve.query import list_queries, run_query, run_sql

    shape = Format.json if as_json else form
    if name and sql is not None:
        raise UsageError("give the name of a query or --sql, not both")
    if sql is not None:
        show(run_sql(sql, version=version, at=at), shape)
    elif name:
        show(run_query(name, version=version, at=at), shape)
    elif shape is Format.json:
        print_json(list_queries())
    else:
        _list(list_queries())


def show(answer: "Answer", form: Format) -> None:
    if form is Format.csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(answer.columns)
        writer.writerows(answer.rows)
    elif form is Format.json:
        from cli.screen import print_json

        print_json(answer.as_dicts())
    else:
        print_table(answer)


def print_table(answer: "Answer", at_most: int = SHOWN) -> None:
    """As many rows as a screen holds, and how many it does not hold; all of them where there is no screen."""
    from cli.screen import count, out

    shown = _grid(answer, at_most if out.is_terminal else len(answer.rows))
    if not shown.fits(out):
        at_most = min(at_most, STACKED_SHOWN)
        shown = _grid(answer, at_most)
    out.print(shown)
    if out.is_terminal and (left := len(answer.rows[at_most:])):
        out.print(f"  not shown: {count(left)} more rows\n", style="dim")


def _grid(answer: "Answer", at_most: int) -> "Grid":
    from cli.screen import table

    headings = [
        f">{name}" if _is_number(answer, place) else name for place, name in enumerate(answer.columns)
    ]
    return table(headings, [[_cell(value) for value in row] for row in answer.rows[:at_most]])


def _is_number(answer: "Answer", place: int) -> bool:
    values = [row[place] for row in answer.rows if row[place] is not None]
    return bool(values) and all(isinstance(value, int | float | Decimal) for value in values)


def _cell(value: object) -> str:
    from rich.markup import escape

    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return escape(str(value))


def first_sentence(text: str) -> str:
    return re.split(r"(?<=[?.]) ", text, maxsplit=1)[0]


def _list(queries: dict[str, str]) -> None:
    from cli.screen import out, table

    out.print(
        table(["query", "what it answers"], [(name, first_sentence(said)) for name, said in queries.items()])
    )
