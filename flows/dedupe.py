"""One row a key on each event day, and gold made again where there was more than one."""

from datetime import date
from typing import Any

from prefect import flow

from tasks.gate import pass_gate, settle
from tasks.jobs import deduped, refined, scanned, settled
from tasks.schedules import patient
from tasks.turns import turn_of


@flow(name="dedupe", flow_run_name="dedupe-{domain}")
@patient
def dedupe(domain: str, day: date | None = None, tables: list[str] | None = None) -> dict[str, Any]:
    """Take second copies out of live silver tables, and restate what they touched.

    Args:
        domain: The sector, a folder of domains/.
        day: Only this event day; by default those that rows came to since the last time.
        tables: Only these silver tables.
    """
    with turn_of(domain, hours=6):
        done = deduped(domain, day=day, tables=tables)
        touched = [each["table"] for each in done["tables"] if each["removed"]]
        if touched:
            pass_gate(scanned(domain, "silver", tables=touched))
            _, found = refined(domain, "gold", as_of=None, tables=None, scans=True)
            pass_gate(found)
        receipt, _ = settled(domain)
    settle(receipt)
    return {"domain": domain, **done, "receipt": receipt}
