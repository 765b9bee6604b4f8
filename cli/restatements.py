"""`headrace restatements`: what a later run changed in rows that were there."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.examples import examples
from cli.options import AsJson, instant

if TYPE_CHECKING:
    from headrace.serve.restatements import Restatement

EXAMPLES = examples(
    "headrace restatements refinery.tank_days",
    "headrace restatements refinery.tank_days --since 2024-03-01 --samples 10",
    "headrace restatements refinery.tank_days --json",
)


def restatements(
    table: Annotated[
        str, typer.Argument(metavar="DOMAIN.TABLE", help="A gold table; the domain where there are several.")
    ],
    since: Annotated[
        datetime | None,
        typer.Option(metavar="T", parser=instant, help="Only what was written from then on."),
    ] = None,
    samples: Annotated[int, typer.Option(min=0, help="How many changed rows of each to show.")] = 3,
    as_json: AsJson = False,
) -> None:
    """From the table's own versions, without Spark: which rows say something else since a commit, by how much, and
    which rows upstream it was made of. As far back as the files of old versions are kept."""
    from cli.options import one_domain
    from cli.screen import print_json
    from headrace.serve.restatements import restatements as found_in

    *domain, name = [part for part in table.split(".") if part != "gold"]
    found = found_in(one_domain(domain[0] if domain else None), name, since=since, samples=samples)
    if as_json:
        print_json([{**vars(each), "why": each.why} for each in found])
    else:
        _show(found)


def _show(found: "list[Restatement]") -> None:
    from rich.markup import escape

    from cli.screen import count, out, table

    if not found:
        out.print("Nothing was restated.")
        return
    for each in found:
        partitions = f", {_named(each.partitions)}" if each.partitions else ""
        out.print(
            f"[bold]{each.at[:19].replace('T', ' ')}[/]  version {each.version}, run {escape(each.run)}{partitions}"
        )
        if each.unreadable:
            out.print(f"  {escape(each.unreadable)}")
            continue
        out.print(
            f"  {count(each.restated)} rows restated, {count(each.added)} added, {count(each.gone)} gone"
        )
        out.print(f"  because {escape(each.why)}")
        if each.columns:
            rows = [
                (
                    change.column,
                    count(change.rows),
                    *map(_number, (change.before, change.after, change.largest)),
                )
                for change in each.columns
            ]
            out.print(table(["column", ">rows", ">sum before", ">sum after", ">largest change"], rows))
        for sample in each.samples:
            said = ", ".join(f"{key} {_value(value)}" for key, value in sample.items())
            out.print(f"  {escape(said)}", style="dim", overflow="fold")


def _named(partitions: tuple[str, ...]) -> str:
    return (
        ", ".join(partitions)
        if len(partitions) < 4
        else f"{partitions[0]} to {partitions[-1]} ({len(partitions)})"
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.6g}"


def _value(value: object) -> str:
    return f"{value[0]} → {value[1]}" if isinstance(value, list) else str(value)
