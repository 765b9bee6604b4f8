"""Judges what the standing job has stored since the last look."""

from typing import Any

from prefect import flow

from flows import HOUR
from tasks.gate import pass_gate
from tasks.jobs import scanned


@flow(name="scan-live", flow_run_name="scan-live-{domain}", timeout_seconds=1 * HOUR)
def scan_live(domain: str, tables: list[str]) -> dict[str, Any]:
    """Scan live tables in silver: the days written since their last scan that passed. A failed check fails this run.

    Args:
        domain: The sector, a folder of domains/.
        tables: The tables that the standing job writes.
    """
    found = scanned(domain, "silver", tables=tables)
    pass_gate(found)
    return found
