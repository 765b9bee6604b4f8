"""`headrace runs`: what was run, and how it ended."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from cli.examples import examples
from cli.options import AsJson, Domain

if TYPE_CHECKING:
    from cli.run_record import RunRecord

EXAMPLES = examples("headrace runs", "headrace runs {domain} --last 50 --json")


def runs(
    domain: Domain = None,
    last: Annotated[int, typer.Option("--last", min=1, help="How many.")] = 15,
    as_json: AsJson = False,
) -> None:
    """Commands of this home, and what others wrote into its tables: a schedule, another machine."""
    from cli.options import one_domain
    from cli.run_record import records
    from cli.screen import print_json

    name = one_domain(domain)
    own = [each for each in records() if each.domain == name]
    found = sorted([*own, *others(name, own)], key=lambda each: each.began, reverse=True)[:last]
    if as_json:
        print_json([asdict(each) for each in found])
    else:
        _show(found)


def others(domain: str, own: "list[RunRecord]") -> "Iterator[RunRecord]":
    """Runs that the ledger knows of and no command of this home made."""
    from cli.run_record import RunRecord
    from headrace.lake import ledger
    from headrace.lake.paths import Paths
    from headrace.settings import get_settings

    spans = [(each.began[:19], each.ended[:19] or "9") for each in own]
    written: dict[str, list[ledger.Entry]] = {}
    for entry in ledger.all_entries(Paths.of(domain, get_settings())):
        if entry.run and entry.finished_at and entry.batch != ledger.FOLDED:
            written.setdefault(entry.run, []).append(entry)
    for run, entries in written.items():
        ended = max(each.finished_at for each in entries)
        began = min(
            (datetime.fromisoformat(each.finished_at) - timedelta(seconds=each.seconds)).isoformat(
                timespec="seconds"
            )
            for each in entries
        )
        if any(since <= ended[:19] <= until for since, until in spans):
            continue
        took = (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds()
        layers = ", ".join(sorted({each.layer for each in entries}))
        rows = sum(each.rows_in for each in entries if each.layer == "bronze")
        what = f"by another process: {layers}"
        yield RunRecord(run, "", domain, what, began, 0, ended, round(took, 1), "wrote", rows=rows)


def _show(found: "list[RunRecord]") -> None:
    from rich.markup import escape

    from cli.screen import count, out, seconds, table

    if not found:
        out.print("Nothing was run yet.")
        return
    rows = [
        (
            each.began[:19].replace("T", " "),
            escape(each.command),
            seconds(each.seconds) if each.ended else "",
            count(each.rows or None),
            escape(each.outcome),
            each.run,
        )
        for each in found
    ]
    out.print(table(["began (UTC)", "what", ">took", ">rows in", "how it ended", "run"], rows))
    out.print("headrace logs RUN prints the log of one that was a command; without RUN, of the last")
