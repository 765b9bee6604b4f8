"""Bronze, silver, gold, a scan behind each, and the receipt."""

from datetime import datetime
from typing import Any, Literal

from prefect import flow

from tasks.gate import pass_gate, settle
from tasks.jobs import receipted, refined, scanned
from tasks.report import report_layers

Layer = Literal["bronze", "silver", "gold"]
LAYERS: tuple[Layer, ...] = ("bronze", "silver", "gold")


@flow(name="refine", flow_run_name="refine-{domain}")
def refine(
    domain: str,
    as_of: datetime | None = None,
    layers: list[Layer] = list(LAYERS),  # noqa: B006 - Prefect shows it as the default
    tables: list[str] | None = None,
    scans: bool = True,
    force_scans: bool = False,
) -> dict[str, Any]:
    """Bring tables up to date. A scan that fails stops the run before the next layer.

    Args:
        domain: The sector, a folder of domains/.
        as_of: The instant the run pretends it is; by default that of the newest event.
        layers: Any may be left out.
        tables: Only these.
        scans: Whether each layer is scanned before the next.
        force_scans: Scan tables too whose version has not changed.
    """
    done: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    for layer in (each for each in LAYERS if each in layers):
        done.append(refined(domain, layer, as_of=as_of, tables=tables))
        if scans:
            found.append(scanned(domain, layer, as_of=as_of, tables=tables, force=force_scans))
            pass_gate(found[-1])
    receipt = receipted(domain)
    settle(receipt)
    return _summary(domain, done, found, receipt)


def _summary(
    domain: str, done: list[dict[str, Any]], found: list[dict[str, Any]], receipt: dict[str, Any]
) -> dict[str, Any]:
    tables = [table for result in done for table in result["tables"]]
    as_of = done[-1]["as_of"] if done else ""
    report_layers(domain, as_of, tables)
    return {
        "domain": domain,
        "as_of": as_of,
        "seconds": sum(result["seconds"] for result in done),
        "tables": tables,
        "scans": [each["scan"] for each in found],
        "receipt": receipt,
    }
