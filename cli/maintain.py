"""`headrace maintain`: sort, compact, vacuum."""

from typing import Annotated

import typer

from cli.examples import examples
from cli.options import AsJson, Domain, Layers, Tables

EXAMPLES = examples(
    "headrace maintain {domain}",
    "headrace maintain {domain} --layers bronze --at-least 1000000",
    "headrace maintain {domain} --retain-hours 0 --even-if-unsafe",
)


def maintain(
    domain: Domain = None,
    layers: Layers = None,
    tables: Tables = None,
    at_least: Annotated[
        int, typer.Option("--at-least", metavar="BYTES", min=0, help="Leave smaller tables alone.")
    ] = 0,
    retain_hours: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Keep files that left a table this long; by default as the settings say, a week at least.",
        ),
    ] = None,
    even_if_unsafe: Annotated[
        bool,
        typer.Option("--even-if-unsafe", help="Allow less than a week: nothing may be reading or streaming."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    from cli.options import layers_of, one_domain, tables_named
    from cli.screen import print_json
    from cli.work import flow
    from headrace.operate.maintain import retention
    from headrace.settings import get_settings

    name = one_domain(domain)
    retention(retain_hours, get_settings(), even_if_unsafe=even_if_unsafe)
    done = flow(
        "maintain",
        name,
        tables=tables_named(name, tables),
        layers=layers_of(layers),
        least_bytes=at_least,
        retain_hours=retain_hours,
        even_if_unsafe=even_if_unsafe,
    )["tables"]
    if as_json:
        print_json(done)
    else:
        _show(done)


def _show(done: list[dict]) -> None:
    from cli.screen import out, size, table

    work = [each["work"] for each in done if each["work"]]
    rows = [_row(each) for each in done if each["note"] or (each["work"] and each["work"]["vacuumed_files"])]
    if rows:
        out.print(table(["layer", "table", "done", ">files", ">now", ">bytes", ">now", ">removed", ""], rows))
    before, after = sum(each["bytes_before"] for each in work), sum(each["bytes_after"] for each in work)
    out.print(f"{len(done)} tables looked at: {size(before)} before, {size(after)} now")


def _row(done: dict) -> tuple[object, ...]:
    from cli.screen import size

    work = done["work"]
    if work is None:
        return (done["layer"], done["table"], "busy", "", "", "", "", "", done["note"])
    note = "" if work["action"] in ("sorted", "compacted") else work["note"]
    files = (work["files_before"], work["files_after"], size(work["bytes_before"]), size(work["bytes_after"]))
    return (done["layer"], done["table"], work["action"], *files, work["vacuumed_files"] or "", note)
