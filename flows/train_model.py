"""A challenger is trained and judged; where it wins, it lands and gold predicts by it from the next day on."""

from typing import Any

from prefect import flow

from flows.refine import LAYERS
from tasks.gate import pass_gate
from tasks.jobs import refined, trained
from tasks.schedules import patient
from tasks.turns import turn_of


@flow(name="train-model", flow_run_name="train-model-{domain}")
@patient
def train_model(domain: str, model: str | None = None) -> dict[str, Any]:
    """Train a model of failures on what gold knows, judge it on machines that it never saw, and keep the better one.

    Args:
        domain: The sector, a folder of domains/.
        model: Which of its models; may be left out where there is one.
    """
    with turn_of(domain, hours=6):
        done = trained(domain, model=model)
        if done["promoted"]:
            for layer in LAYERS:
                tables = None if layer == "gold" else [done["lands_in"]]
                _, found = refined(domain, layer, as_of=None, tables=tables, scans=True)
                pass_gate(found)
    return done
