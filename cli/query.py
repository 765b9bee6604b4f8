"""`headrace query`: answers from the tables, without Spark."""

import re
from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.examples import examples, queries
from cli.options import instant
from cli.query_output import Format

if TYPE_CHECKING:
    from headrace.serve.query import Result

EXAMPLES = examples(
    "headrace query",
    "headrace query {query}",
    "headrace query {query} --output answer.xlsx",
    'headrace query "show tables"',
    'headrace query "describe gold.refinery_kpis"',
    'headrace query "select count(*) from gold.anomaly_alerts" --version 0',
    "headrace query --shell",
)
STATEMENT = re.compile(r"\s|;")


def _complete(incomplete: str) -> list[str]:
    return [name for name in queries() if name.startswith(incomplete)]


def query(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME|SQL]",
            help="A named query, or any SQL; without it, the list of names.",
            autocompletion=_complete,
        ),
    ] = None,
    sql: Annotated[str | None, typer.Option(help="Any read-only SQL over bronze, silver and gold.")] = None,
    version: Annotated[int | None, typer.Option(min=0, help="The tables as of this version.")] = None,
    at: Annotated[
        datetime | None,
        typer.Option(metavar="T", parser=instant, help="The tables as they had been written by then."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Not more rows than these.")] = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the answer to a file: .parquet, .csv or .xlsx."),
    ] = None,
    shell: Annotated[
        bool, typer.Option("--shell", "-i", help="Ask one statement after the other, each ended by ';'.")
    ] = False,
    form: Annotated[Format, typer.Option("--format", help="How to print the answer.")] = Format.table,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    from headrace.errors import UsageError

    shape = Format.json if as_json else form
    if name and sql is not None:
        raise UsageError("give the name of a query or --sql, not both")
    if output and (as_json or form is not Format.table):
        raise UsageError("--output takes its format from the file's name: leave out --json and --format")
    if output and name is None and sql is None:
        raise UsageError("--output wants a query: its name, or any SQL")
    which = {"version": version, "at": at}
    if shell:
        from cli.query_shell import Shell

        Shell(lambda said: answering(said, which), shape, limit).run()
    elif name or sql is not None:
        with answering(name or f"{sql};", which) as result:
            _deliver(result, shape, limit, output)
    else:
        _list(shape)


def answering(said: str, which: dict[str, Any] | None = None) -> AbstractContextManager["Result"]:
    """What is answered to the name of a query, or to a statement, which has more than a word."""
    from headrace.serve.query import asked

    if STATEMENT.search(said):
        return asked(said, **which or {})
    from headrace.serve.named_queries import named_query

    query = named_query(said)
    return asked(query.sql, domain=query.name.split("/")[0], **which or {})


def _deliver(result: "Result", form: Format, limit: int | None, output: Path | None) -> None:
    from cli.query_output import save, show

    if output is None:
        show(result, form, limit)
    else:
        from cli.screen import err

        save(result, output, limit)
        err.print(f"written: {output}")


def first_sentence(text: str) -> str:
    return re.split(r"(?<=[?.]) ", text, maxsplit=1)[0]


def _list(form: Format) -> None:
    from cli.query_output import show
    from cli.screen import out, print_json, table
    from headrace.serve.named_queries import list_queries

    known = list_queries()
    if form is Format.json:
        print_json(known)
    elif form is Format.csv:
        show(Listed(("query", "what it answers"), known.items()), form)
    else:
        rows = [(name, first_sentence(said)) for name, said in known.items()]
        out.print(table(["query", "what it answers"], rows))


class Listed:
    """Rows that are there already, as an answer."""

    def __init__(self, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
        self.columns, self._rows = columns, rows
        self.numbers = (False,) * len(columns)

    def rows(self) -> Iterable[tuple[Any, ...]]:
        return iter(self._rows)
