"""The main job from nothing to answers: generate, refine, score."""

from typing import Any

from prefect import flow

from flows import HOUR
from flows.generate import generate
from flows.refine import refine
from tasks.jobs import scored


@flow(name="demo", flow_run_name="demo-{domain}", timeout_seconds=24 * HOUR)
def demo(domain: str, profile: str = "demo") -> dict[str, Any]:
    """Generate a domain's data by a named plan, refine it to gold, and count which planted faults were found.

    Args:
        domain: The sector, a folder of domains/.
        profile: One of the domain's named plans.
    """
    return {
        "generated": generate(domain, profile=profile),
        "refined": refine(domain),
        "score": scored(domain),
    }
