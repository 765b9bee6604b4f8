"""`headrace dedupe`: a row a key on each event day."""

from datetime import datetime
from typing import Annotated

import typer

from cli.examples import examples
from cli.options import AsJson, Domain, Tables, instant

EXAMPLES = examples(
    "headrace dedupe {domain}",
    "headrace dedupe {domain} --day 2024-01-15",
)


def dedupe(
    domain: Domain = None,
    day: Annotated[
        datetime | None,
        typer.Option(
            "--day",
            metavar="D",
            parser=instant,
            help="Only this event day; by default those that rows came to since the last time.",
        ),
    ] = None,
    tables: Tables = None,
    as_json: AsJson = False,
) -> None:
    from cli.options import one_domain, tables_named
    from cli.screen import print_json
    from cli.work import flow
    from headrace.lake.lease import refuse_held
    from headrace.lake.paths import Paths
    from headrace.operate.maintain import nodes_to_dedupe
    from headrace.settings import get_settings

    name = one_domain(domain)
    chosen = {"day": day.date() if day else None, "tables": tables_named(name, tables)}
    for node in nodes_to_dedupe(name, chosen["tables"]):
        refuse_held(Paths.of(name, get_settings()).lease("silver", node.name), but_standing=True)
    done = flow("dedupe", name, needs_spark=False, **chosen)
    if as_json:
        print_json(done)
    else:
        _show(done)


def _show(done: dict) -> None:
    from cli.screen import count, out, seconds, table

    rows = [
        (each["table"], day, count(gone), seconds(each["seconds"]))
        for each in done["tables"]
        for day, gone in each["removed"].items()
    ]
    if rows:
        out.print(table(["table", "event day", ">second copies", ">took"], rows))
    days = sum(len(each["days"]) for each in done["tables"])
    found = f"{count(done['rows'])} second copies taken out" if done["rows"] else "no second copy"
    out.print(f"{days} days of {len(done['tables'])} tables looked at: {found}")
