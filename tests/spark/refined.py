"""A domain refined layer by layer, each scanned before the next, as a flow does it."""

from dataclasses import dataclass

from headrace.lake.paths import LAYERS
from headrace.operate.receipt import Receipt, receipt
from headrace.quality.gate import CheckResult
from headrace.quality.scan import scan
from headrace.refine.run import TableResult, refine
from headrace.settings import Settings


@dataclass(frozen=True)
class Refined:
    """What one pass over all layers did."""

    tables: list[TableResult]
    checks: list[CheckResult]
    receipt: Receipt
    run_of: dict[str, str]
    as_of: str = ""


def refined(domain: str, lake: Settings, *, scans: bool = True) -> Refined:
    tables: list[TableResult] = []
    checks: list[CheckResult] = []
    runs: dict[str, str] = {}
    as_of = ""
    for layer in LAYERS:
        result = refine(domain, layers=[layer], settings=lake)
        runs[layer], as_of = result.run, result.as_of
        tables += result.tables
        if scans:
            checks += scan(domain, layer, settings=lake).checks
    return Refined(tables, checks, receipt(domain, lake), runs, as_of)
