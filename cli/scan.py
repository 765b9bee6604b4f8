"""`headrace scan`: run the checks of a layer now."""

from collections import Counter
from typing import Annotated

import typer

from cli.examples import examples
from cli.options import AsJson, AsOf, Domain, Layers, Select, Tables

EXAMPLES = examples(
    "headrace scan {domain}",
    "headrace scan {domain} --layers silver --force",
    "headrace scan {domain} --as-of 2024-02-01 --json",
)


def scan(
    domain: Domain = None,
    layers: Layers = None,
    tables: Tables = None,
    select: Select = None,
    as_of: AsOf = None,
    force: Annotated[bool, typer.Option(help="Scan tables too whose version has not changed.")] = False,
    as_json: AsJson = False,
) -> None:
    from cli.options import layers_of, one_domain, tables_named
    from cli.screen import print_json
    from cli.selection import chosen
    from cli.work import job

    name = one_domain(domain)
    some, named = chosen(name, select, layers_of(layers), tables_named(name, tables))
    given = {"as_of": as_of and as_of.isoformat(), "tables": named, "force": force}
    found = [job("scan", name, layer=layer, **given)["scan"] for layer in some]
    if as_json:
        print_json(found)
    else:
        show(found)
    if any(check["outcome"] == "fail" for scanned in found for check in scanned["checks"]):
        raise typer.Exit(1)


def show(found: list[dict]) -> None:
    from rich.markup import escape

    from cli.screen import MARKS, OUTCOMES, out, seconds, table

    rows = [
        (
            MARKS[check["outcome"]],
            each["layer"],
            check["table"],
            escape(check["name"]),
            escape(check["detail"]),
        )
        for each in found
        for check in each["checks"]
        if check["outcome"] != "pass"
    ]
    if rows:
        out.print(table(["", "layer", "table", "check", "found"], rows))
    for each in found:
        outcomes = Counter(check["outcome"] for check in each["checks"])
        said = ", ".join(f"{outcomes[kind]} {word}" for kind, word in OUTCOMES.items())
        out.print(
            f"{each['layer']}: {said}, {len(each['skipped'])} tables unchanged, {seconds(each['seconds'])}"
        )
