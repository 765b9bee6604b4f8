"""`headrace ls`: which tables there are, and what each is made from."""

from typing import TYPE_CHECKING

from cli.examples import examples
from cli.options import AsJson, Domain, Layers, Select

if TYPE_CHECKING:
    from headrace.refine.catalog import Catalog
    from headrace.writes.node import Ref

EXAMPLES = examples(
    "headrace ls {domain}",
    "headrace ls {domain} --select +refinery_kpis",
    "headrace ls {domain} --layers gold --json",
)


def ls(domain: Domain = None, select: Select = None, layers: Layers = None, as_json: AsJson = False) -> None:
    from cli.options import layers_of, one_domain
    from cli.screen import out, print_json, table
    from cli.selection import edges, selected
    from headrace.refine.catalog import load_tables

    catalog = load_tables(one_domain(domain))
    kept = [
        ref
        for ref in (selected(catalog, select) if select else edges(catalog))
        if ref.layer in layers_of(layers)
    ]
    rows = [
        (str(ref), _written(catalog, ref), list(map(str, catalog.above(ref.layer, ref.name)))) for ref in kept
    ]
    if as_json:
        print_json([{"table": name, "written": written, "made_from": made} for name, written, made in rows])
        return
    out.print(
        table(["table", "written", "made from"], [(name, how, ", ".join(made)) for name, how, made in rows])
    )


def _written(catalog: "Catalog", ref: "Ref") -> str:
    """How it arrives, or by which way it is written."""
    if ref.layer == "bronze":
        arrives = catalog.contracts[ref.name].arrives
        return "topic" if arrives.topic else "delta" if arrives.delta else str(arrives.files)
    return type(catalog.node(ref.name, ref.layer).table.write).__name__
