"""Which tables the standing job writes, and what they need before it can."""

from collections.abc import Iterator

from headrace.contracts.model import Contract
from headrace.errors import NotReady
from headrace.lake import log
from headrace.lake.paths import Paths
from headrace.refine.catalog import Catalog


def tables_of(catalog: Catalog, contracts: list[Contract]) -> Iterator[tuple[str, str]]:
    """The tables that the standing job writes."""
    for contract in contracts:
        yield "bronze", contract.table
        yield from (("silver", node.name) for node in catalog.made_from(contract))
        yield from (("silver", node.name) for node in catalog.followers(contract))


def check_parents(catalog: Catalog, contracts: list[Contract], paths: Paths) -> None:
    for layer, name in tables_of(catalog, contracts):
        if layer == "bronze":
            continue
        for ref in catalog.above(layer, name)[1:]:
            if not log.exists(paths.table(ref.layer, ref.name)):
                raise NotReady(
                    f"{layer}.{name} needs {ref}, which is not there yet: run headrace refine {paths.domain} first",
                    f"{ref}, which does not exist yet",
                )
