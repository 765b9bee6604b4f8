"""`headrace refine`: bring bronze, silver and gold up to date."""

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.examples import examples
from cli.options import AsJson, AsOf, Domain, Layers, Select, Tables

if TYPE_CHECKING:
    from cli.pending import Step

EXAMPLES = examples(
    "headrace refine {domain}",
    "headrace refine {domain} --dry-run",
    "headrace refine {domain} --select +refinery_kpis",
    "headrace refine {domain} --layers silver,gold --as-of 2024-01-15",
    "headrace refine {domain} --layers bronze --no-scans --json",
)


def refine(
    domain: Domain = None,
    as_of: AsOf = None,
    layers: Layers = None,
    tables: Tables = None,
    select: Select = None,
    scans: Annotated[bool, typer.Option(help="Scan each layer before the next.")] = True,
    serves: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Fill the database that HEADRACE_SERVE_URL names.")
    ] = True,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Say what would run, why and about how long, and stop.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    from cli.nothing_new import refined
    from cli.options import layers_of, one_domain, tables_named
    from cli.pending import pending, seconds_for
    from cli.run_record import learned
    from cli.screen import print_json
    from cli.selection import chosen
    from cli.work import flow
    from headrace.refine.run import check_free
    from headrace.settings import get_settings

    name, settings = one_domain(domain), get_settings()
    named = chosen(name, select, layers_of(layers), tables_named(name, tables))
    what: dict[str, Any] = {"layers": named[0], "tables": named[1]}
    if not dry_run:
        check_free(name, settings, **what)
    is_here = "://" not in settings.lake  # elsewhere it takes long to look
    steps = pending(name, settings, as_of=as_of, **what) if is_here or dry_run else []
    expected = seconds_for(steps, settings, scans=scans)
    if dry_run:
        _tell(steps, expected * learned("refine", name), as_json=as_json)
        return
    done = flow(
        "refine", name, **what, as_of=as_of, scans=scans, serves=serves, unless=refined, estimated=expected
    )
    if as_json:
        print_json(done)
    else:
        _show(done)


def _tell(steps: "list[Step]", expected: float, *, as_json: bool) -> None:
    """What would run."""
    from cli.screen import about, count, out, print_json, seconds, table

    if as_json:
        print_json({"tables": steps, "seconds": round(expected, 1)})
        return
    if not steps:
        out.print("Nothing is new: no table would be written.")
        return
    rows = [
        (each.name, each.why, count(each.rows), count(each.partitions), seconds(each.seconds))
        for each in steps
    ]
    out.print(table(["table", "why", ">rows", ">parts", ">time"], rows))
    out.print(
        f"{len(steps)} tables would be written; {about(expected)} with start and scans. Rows and time are about; "
        "parts are the partitions made again, where that is known before"
    )


def _show(done: dict) -> None:
    from cli.clock import in_words
    from cli.screen import OUTCOMES, count, out, seconds, table

    rows = [
        (
            each["layer"],
            each["table"],
            count(each["rows_in"] or None),
            ", ".join(f"{count(number)} {name}" for name, number in each["counts"].items() if number),
            seconds(each["seconds"]),
        )
        for each in done["tables"]
        if each["rows_in"] or any(each["counts"].values())
    ]
    if rows:
        out.print(table(["layer", "table", ">rows in", "became", ">took"], rows))
    else:
        out.print("Nothing was new.")
    _show_files(done["set_aside"])
    _show_warnings(done["scans"])
    checks = Counter(check["outcome"] for scan in done["scans"] for check in scan["checks"])
    said = ", ".join(f"{checks[kind]} {word}" for kind, word in OUTCOMES.items())
    out.print(f"checks: {said}; receipt: {len(done['receipt']['lines'])} lines balance")
    out.print(f"as of {done['as_of']}")
    out.print(f"took {in_words(done['took'])}")
    if done["link"]:
        out.print(f"in Prefect: {done['link']}", soft_wrap=True)


def _show_files(files: list[dict]) -> None:
    from rich.markup import escape

    from cli.screen import out, table

    rows = [(each["table"], escape(each["name"]), escape(each["reason"])) for each in files]
    if rows:
        out.print(table(["table", "file set aside", "why"], rows))


def _show_warnings(scans: list[dict]) -> None:
    from rich.markup import escape

    from cli.screen import out, table

    rows = [
        (scan["layer"], check["table"], escape(check["name"]), escape(check["detail"]))
        for scan in scans
        for check in scan["checks"]
        if check["outcome"] == "warn"
    ]
    if rows:
        out.print(table(["layer", "table", "check that warned", "found"], rows))
