"""`headrace serve`: gold in a database that people and dashboards ask by SQL."""

from typing import Annotated

import typer

from cli.examples import examples
from cli.options import AsJson, Domain

EXAMPLES = examples(
    "headrace postgres up && headrace serve {domain}",
    "headrace serve {domain} --to postgresql://ann@db.example.com/plant",
    "headrace serve {domain} --ddl mssql",
)


def serve(
    domain: Domain = None,
    to: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="postgresql://user@host/database or mssql+pyodbc://…; by default HEADRACE_SERVE_URL, else the server "
            "of headrace postgres up.",
        ),
    ] = "",
    reader: Annotated[
        str, typer.Option(help="The role that may read all of it, made where there is none; '' for none.")
    ] = "headrace_reader",
    ddl: Annotated[
        str, typer.Option(metavar="DIALECT", help="Only print the statements, for postgresql or mssql.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Tables and views lie in a schema of the domain's name. One transaction: all of it is there afterwards, or nothing
    has changed. Only what has changed in the lake is taken; doing it again changes nothing.

    A password comes from the URL, HEADRACE_SERVE_PASSWORD or ~/.pgpass, and is shown nowhere.
    """
    from dataclasses import asdict

    from cli.options import one_domain
    from cli.run_record import recorded
    from cli.screen import count, out, print_json, seconds, table
    from cli.watch import watching
    from headrace.serve.database import serve, statements
    from headrace.settings import get_settings

    name, settings = one_domain(domain), get_settings()
    if ddl:
        print("\n\n".join(statements(name, settings, ddl)))
        return
    with watching(), recorded("serve", name):
        done = serve(name, settings, to or local_url(), reader=reader)
    if as_json:
        print_json([asdict(each) for each in done])
        return
    rows = [
        (
            each.table,
            each.outcome,
            *map(count, (each.inserted, each.updated, each.deleted)),
            seconds(each.seconds),
        )
        for each in done
        if each.outcome not in ("unchanged", "waiting")
    ]
    if rows:
        out.print(table(["table", "", "inserted", "updated", "deleted", "took"], rows))
    out.print(f"{len(done)} tables looked at, {len(rows)} of them new or changed")


def local_url() -> str:
    """The server of this home, where it is up and no other is set."""
    from cli.postgres import server_of
    from headrace.settings import get_settings

    server = server_of()
    return server.url if not get_settings().serves and server.is_up() else ""
