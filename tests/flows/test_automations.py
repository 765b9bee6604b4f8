"""What automations hand to the flow that tells people is made of what Prefect's events hold."""

import asyncio
from pathlib import Path
from uuid import uuid4

import yaml
from prefect.server.events.actions import RunDeployment
from prefect.server.events.schemas.events import Event
from prefect.server.schemas.core import FlowRun
from prefect.server.utilities.user_templates import render_user_template

DEPLOYMENTS = yaml.safe_load((Path(__file__).parents[2] / "prefect.yaml").read_text())["deployments"]


def test_a_failure_is_told_with_the_run_its_state_and_why() -> None:
    run = FlowRun(flow_id=uuid4(), name="refine-pumps")
    state = {"type": "FAILED", "name": "Failed", "message": "no such column"}
    event = Event(
        occurred="2024-01-01T00:00:00Z",
        event="prefect.flow-run.Failed",
        resource={"prefect.resource.id": f"prefect.flow-run.{run.id}"},
        payload={"validated_state": state},
        id=uuid4(),
    )
    for trigger in DEPLOYMENTS[0]["triggers"]:
        given = dict(trigger["parameters"])
        RunDeployment._upgrade_v1_templates(given)
        told = {
            name: asyncio.run(render_user_template(found["template"], {"event": event, "flow_run": run}))
            for name, found in given.items()
        }
        assert told == {"what": "refine-pumps: Failed", "about": f"no such column (run {run.id})"}
