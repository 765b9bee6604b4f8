"""Judges what the standing job has stored since the last look."""

from typing import Any

from prefect import flow

from flows import HOUR
from tasks.gate import must_be_there, pass_gate
from tasks.jobs import scanned
from tasks.schedules import patient


@flow(name="scan-live", flow_run_name="scan-live-{domain}", timeout_seconds=1 * HOUR)
@patient
def scan_live(domain: str, tables: list[str]) -> dict[str, Any]:
    """Scan live tables in silver: the days written since their last scan that passed. A failed check fails this run.

    Args:
        domain: The sector, a folder of domains/.
        tables: The tables that the standing job writes.
    """
    found = scanned(domain, "silver", tables=tables)
    must_be_there(found)
    pass_gate(found)
    return found
