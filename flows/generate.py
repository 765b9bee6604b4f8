"""Makes a domain's source data."""

from datetime import datetime
from typing import Any, Literal

from prefect import flow

from tasks.budget import Dollars
from tasks.jobs import generated
from tasks.report import report_generated
from tasks.turns import turn_of


@flow(name="generate", flow_run_name="generate-{domain}", validate_parameters=True)
def generate(
    domain: str,
    profile: str = "demo",
    scale: float | None = None,
    seed: int | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    stride: str | None = None,
    into: Literal["landing", "bronze"] | None = None,
    tables: list[str] | None = None,
    dollars: Dollars | None = None,
) -> dict[str, Any]:
    """Make up source data by seed, scale and span, planted faults included.

    Args:
        domain: The sector, a folder of domains/.
        profile: The named plan to start from; what follows changes it.
        scale: 1 is the source's stated size.
        seed: The same seed gives the same rows.
        start: The first day.
        end: The day after the last.
        stride: Thins senders that keep their own pace, as "15 minutes".
        into: landing leaves files as a source would, bronze is the fast path.
        tables: Only these source tables.
        dollars: What making and refining it may cost; beyond that nothing is begun. By default anything.
    """
    plan = {"scale": scale, "seed": seed, "start": start, "end": end, "stride": stride, "into": into}
    with turn_of(domain, hours=24):
        made = generated(domain, profile=profile, tables=tables, dollars=dollars, **plan)
    report_generated(domain, made)
    return made
