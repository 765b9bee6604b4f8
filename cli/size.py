"""`headrace size`: what each table takes, beside what the source's own paper says it would."""

from typing import TYPE_CHECKING

from cli.examples import examples
from cli.options import AsJson, Domain

if TYPE_CHECKING:
    from headrace.lake.size import TableSize

EXAMPLES = examples("headrace size", "headrace size {domain} --json")


def size(domain: Domain = None, as_json: AsJson = False) -> None:
    """Show rows and bytes of every table and layer, beside the volumes that the source states."""
    from cli.options import one_domain
    from cli.screen import print_json
    from headrace.lake.size import sizes
    from headrace.settings import get_settings

    found = sizes(one_domain(domain), get_settings())
    if as_json:
        print_json([{**vars(each), "bytes_per_row": each.bytes_per_row} for each in found])
        return
    _show(found)


def _show(found: "list[TableSize]") -> None:
    from cli.screen import count, out, table
    from cli.screen import size as bytes_

    if not found:
        out.print("No table yet. Begin with: headrace generate, then headrace refine")
        return
    headings = [
        "layer", "table", ">rows", ">bytes", ">a row", ">files", ">version",
        ">stated rows", ">stated bytes", ">at our bytes a row",
    ]  # fmt: skip
    rows, layer = [], ""
    for each in found:
        shown = "" if each.layer == layer else each.layer
        layer = each.layer
        per_row = f"{each.bytes_per_row:.1f}" if each.bytes_per_row else ""
        stated = (count(each.stated_rows), bytes_(each.stated_bytes), bytes_(each.bytes_at_stated_rows))
        rows.append(
            (
                shown,
                each.table,
                count(each.rows),
                bytes_(each.bytes),
                per_row,
                each.files,
                each.version,
                *stated,
            )
        )
    total = ("all", "", count(sum(e.rows for e in found)), bytes_(sum(e.bytes for e in found)))
    out.print(table(headings, [*rows, total]))
