"""Keeps tables small and quick to read."""

from typing import Any

from prefect import flow

from flows.refine import LAYERS, Layer
from tasks.jobs import maintained
from tasks.schedules import patient
from tasks.turns import turn_of


@flow(name="maintain", flow_run_name="maintain-{domain}")
@patient
def maintain(
    domain: str,
    layers: list[Layer] = list(LAYERS),  # noqa: B006 - Prefect shows it as the default
    tables: list[str] | None = None,
    least_bytes: int = 0,
    retain_hours: int | None = None,
    even_if_unsafe: bool = False,
) -> dict[str, Any]:
    """Sort, compact and vacuum.

    Args:
        domain: The sector, a folder of domains/.
        layers: Any may be left out.
        tables: Only these.
        least_bytes: Leave smaller tables alone.
        retain_hours: How long files that left a table are kept; a week at least.
        even_if_unsafe: Allow less than a week; nothing may be reading or streaming.
    """
    with turn_of(domain, hours=12):
        return maintained(
            domain,
            layers=layers,
            tables=tables,
            least_bytes=least_bytes,
            retain_hours=retain_hours,
            even_if_unsafe=even_if_unsafe,
        )
