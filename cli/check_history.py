"""`headrace check-history`: a history or a change-fed table against a slow, obvious reading of its source."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.examples import examples
from cli.options import AsJson

if TYPE_CHECKING:
    from headrace.serve.check_history import HistoryCheck, KeyThatDiffers

EXAMPLES = examples(
    "headrace check-history sensors",
    "headrace check-history grid billing_transactions",
    "headrace check-history grid customer_master --keys 1000 --samples 10",
    "headrace check-history sensors --json",
)


def check_history(
    name: Annotated[
        str,
        typer.Argument(
            metavar="[DOMAIN] TABLE",
            help="A silver table: a history, or one fed by changes; or DOMAIN.TABLE.",
        ),
    ],
    table: Annotated[str | None, typer.Argument(hidden=True, metavar=" ", help="After a domain.")] = None,
    keys: Annotated[
        int | None, typer.Option(min=1, help="Only so many keys, the same ones each time; by default all.")
    ] = None,
    samples: Annotated[int, typer.Option(min=0, help="How many keys that differ to show.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Reads the table's rows of bronze again, key by key in plain Python, and says how many keys and versions are as
    the table has them. Exit code 1 where any differs. Spark is started only for keys that differ from bronze as it
    came, since the table's function may make columns anew."""
    from cli.options import one_domain
    from cli.screen import print_json
    from cli.watch import watching
    from headrace.serve.check_history import check_history as checked

    domain, _, last = (f"{name}.{table}" if table else name).rpartition(".")
    with watching():
        found = checked(one_domain(domain or None), last, keys=keys, samples=samples)
    if as_json:
        print_json(found)
    else:
        _show(found)
    if not found.agrees:
        raise typer.Exit(1)


def _show(found: "HistoryCheck") -> None:
    from cli.screen import count, out, table

    out.print(
        f"[bold]silver.{found.table}[/] ({found.way}) against {count(found.rows)} rows of bronze.{found.bronze}, "
        f"version {found.bronze_version}"
    )
    rows = [
        ("keys", count(found.keys), count(found.keys_differ)),
        (
            "versions" if found.way == "History" else "rows",
            count(found.versions),
            count(found.versions_differ),
        ),
    ]
    out.print(table(["", ">agree", ">differ"], rows))
    for each in found.differing:
        _show_key(each)
    if found.by_function:
        out.print("The table's function was asked for what it makes of the rows.")
    if found.by_mended:
        out.print(
            f"{count(found.by_mended)} of the keys agree only with rows that were set aside and would pass now: "
            "[bold]headrace recycle[/] takes them out of the rejected ones."
        )
    if found.waiting:
        out.print(f"{count(found.waiting)} rows came to bronze since, and wait: [bold]headrace refine[/]")


def _show_key(each: "KeyThatDiffers") -> None:
    """Its versions as the table has them and as they should be, with the columns that differ anywhere."""
    from rich.markup import escape

    from cli.screen import out, table

    named = ", ".join(f"{name} {value}" for name, value in each.key.items())
    aside = f", {each.set_aside} set aside" if each.set_aside else ""
    out.print(f"[bold]{escape(named)}[/], {each.rows} rows in bronze{aside}")
    shown = _columns_to_show(each)
    rows = [
        (who if not place else "", *(escape(_value(version[name])) for name in shown))
        for who, versions in (("table", each.table), ("reference", each.reference))
        for place, version in enumerate(versions or [dict.fromkeys(shown, "no row")])
    ]
    out.print(table(["says", *shown], rows))


def _columns_to_show(each: "KeyThatDiffers") -> list[str]:
    either = each.table or each.reference
    if len(each.table) != len(each.reference):
        return list(either[0])[:8]
    pairs = list(zip(each.table, each.reference, strict=True))
    return [name for name in either[0] if any(one[name] != other[name] for one, other in pairs)]


def _value(value: Any) -> str:
    return "" if value is None else str(value).removesuffix("+00:00")
