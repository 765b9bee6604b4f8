"""The checks of each table: those its contract implies and those written in soda/<domain>/<layer>/."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from headrace.contracts.load import domain_folder
from headrace.contracts.yaml_file import Loader
from headrace.errors import UsageError
from headrace.lake import log
from headrace.lake.paths import Paths
from headrace.quality.contract_checks import (
    SCANNED,
    Check,
    Rows,
    Taken,
    bronze_checks,
    gold_checks,
    silver_checks,
)
from headrace.refine.catalog import Catalog
from headrace.sources.file_index import FileIndex
from headrace.writes.node import Node

AS_OF = "as_of"


@dataclass(frozen=True)
class TableChecks:
    """SodaCL of one table, to be run over `view`."""

    table: str
    view: str
    checks: tuple[Check, ...]

    @property
    def rules(self) -> str:
        """Differs where the checks do."""
        return hashlib.sha256(json.dumps(self.checks, default=str).encode()).hexdigest()[:16]

    @property
    def sodacl(self) -> str:
        listed = {f"checks for {self.view}": list(self.checks)}
        return yaml.safe_dump(listed, sort_keys=False, width=10_000).replace(SCANNED, self.view)

    def only_as_of(self) -> "TableChecks":
        """Those that depend on as_of."""
        dated = (check for check in self.checks if AS_OF in json.dumps(check, default=str))
        return replace(self, checks=tuple(dated))


def checks_of(catalog: Catalog, layer: str, table: str, paths: Paths, soda: Path) -> TableChecks:
    view = f"bronze_{table}" if layer == "bronze" else table
    file = soda / layer / f"{table}.yml"
    return TableChecks(table, view, (*_implied(catalog, layer, table, paths), *written(file, view)))


def written(file: Path, view: str) -> Iterator[Check]:
    if not file.exists():
        return
    try:
        found = yaml.load(file.read_text(), Loader) or {}
    except yaml.YAMLError as error:
        raise UsageError(f"{file}: not readable as YAML: {error}") from None
    for header, checks in found.items():
        if header != f"checks for {view}" or not isinstance(checks, list):
            raise UsageError(f"{file}: expected a list under `checks for {view}`, found {header!r}")
        yield from checks


def soda_folder(domain: str) -> Path:
    return domain_folder(domain).parents[1] / "soda" / domain


def _implied(catalog: Catalog, layer: str, table: str, paths: Paths) -> list[Check]:
    if layer == "bronze":
        return bronze_checks(catalog.contracts[table], _taken(paths, table))
    node = catalog.node(table, layer)
    if node in catalog.from_bronze:
        return silver_checks(catalog.source_of(node), node.table, table)
    return gold_checks(node.table, _rows_expected(node, paths))


def _rows_expected(node: Node, paths: Paths) -> Rows:
    """A table that looks back from as_of may find nothing there, however much lies upstream."""
    upstream = (log.row_count(paths.table(ref.layer, ref.name)) for ref in node.upstream.values())
    if node.table.may_be_empty or not all(upstream):
        return "optional"
    return "usual" if AS_OF in node.arguments else "due"


def _taken(paths: Paths, table: str) -> Taken:
    known = FileIndex(paths, table).totals()
    return Taken(known.lines, known.taken + known.set_aside, known.set_aside)
