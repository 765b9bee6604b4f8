"""`headrace rejected`: what was not let in, and why."""

import csv
import sys
from itertools import zip_longest
from typing import TYPE_CHECKING, Annotated

import typer

from cli.examples import examples
from cli.options import AsJson, Domain, Tables

if TYPE_CHECKING:
    from headrace.serve.rejected import Rejected

EXAMPLES = examples(
    "headrace rejected {domain}",
    "headrace rejected {domain} --table sensor_readings --samples 10",
    "headrace rejected {domain} --csv > rejected.csv",
)


def rejected(
    domain: Domain = None,
    tables: Tables = None,
    samples: Annotated[int, typer.Option(min=0, help="How many of each to show.")] = 3,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, a line for each sample.")] = False,
    as_json: AsJson = False,
) -> None:
    from cli.options import listed, one_domain
    from cli.screen import print_json
    from headrace.serve.rejected import rejected as found_in

    name = one_domain(domain)
    found = found_in(name, listed(tables) or None, samples=samples)
    if as_json:
        print_json(found)
    elif as_csv:
        _print_csv(found)
    else:
        _show(found)


def _print_csv(found: "list[Rejected]") -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("kind", "table", "reason", "count", "sample", "place"))
    for each in found:
        for sample, place in zip_longest(each.samples or ("",), each.places, fillvalue=""):
            writer.writerow((each.kind, each.table, each.reason, each.count, sample, place))


def _with_places(found: "Rejected") -> list[str]:
    return [" ".join(filter(None, each)) for each in zip_longest(found.places, found.samples)]


def _show(found: "list[Rejected]") -> None:
    from rich.markup import escape

    from cli.screen import count, out, table

    if not found:
        out.print("Nothing was set aside.")
        return
    headings = ["kind", "table", "reason", ">how many"]
    rows = [(each.kind, each.table, escape(each.reason), count(each.count)) for each in found]
    if not out.is_terminal:
        samples = [escape("\n".join(_with_places(each))) for each in found]
        headings, rows = [*headings, "such as"], [(*r, s) for r, s in zip(rows, samples, strict=True)]
    out.print(table(headings, rows))
    for each in (each for each in found if each.samples and out.is_terminal):
        out.print(f"[bold]{each.table}[/], {escape(each.reason)}, such as")
        for sample in _with_places(each):
            out.print(f"  {escape(sample)}", style="dim", overflow="fold")
    out.print(
        "Mend the cause; then leave the files again, and send the rows through by [bold]headrace recycle[/]"
    )
