"""`headrace size`: what each table takes, beside what the source's own paper says it would."""

from typing import TYPE_CHECKING

from cli.examples import examples
from cli.options import AsJson, Domain

if TYPE_CHECKING:
    from headrace.operate.size import PartSize, TableSize

EXAMPLES = examples("headrace size", "headrace size {domain} --json")


def size(domain: Domain = None, as_json: AsJson = False) -> None:
    from cli.options import one_domain
    from cli.screen import print_json
    from headrace.operate.size import parts, sizes
    from headrace.settings import get_settings

    name = one_domain(domain)
    found = sizes(name, get_settings())
    if as_json:
        tables = [{**vars(each), "bytes_per_row": each.bytes_per_row} for each in found]
        print_json({"tables": tables, "parts": [vars(each) for each in parts(name, found)]})
        return
    _show(found, parts(name, found))


def _show(found: "list[TableSize]", summed: "list[PartSize]") -> None:
    from cli.screen import count, out, table
    from cli.screen import size as bytes_

    if not found:
        out.print("No table yet. Begin with: headrace generate, then headrace refine")
        return
    rows = [
        (
            f"{each.layer}.{each.table}",
            count(each.rows),
            bytes_(each.bytes),
            _each(each),
            each.files,
            each.version,
        )
        for each in found
    ]
    out.print(table(["table", ">rows", ">bytes", ">a row", ">files", ">version"], rows))
    layers = [
        (each.part, each.tables, count(each.rows), bytes_(each.bytes), bytes_(each.stated_bytes))
        for each in summed
    ]
    out.print(table(["layer", ">tables", ">rows", ">bytes", ">stated at full scale"], layers))
    stated = [
        (each.table, count(each.stated_rows), bytes_(each.stated_bytes), bytes_(each.bytes_at_stated_rows))
        for each in found
        if each.stated_bytes
    ]
    headings = ["table", ">stated rows", ">stated bytes", ">at our bytes a row"]
    out.print(table(headings, stated, title="At full scale, as the source states it"))


def _each(size: "TableSize") -> str:
    return f"{size.bytes_per_row:,.1f}" if size.bytes_per_row else ""
