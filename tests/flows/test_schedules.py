"""Prefect's server puts down the runs of a schedule: it needs libraries that go with it."""

import asyncio
from uuid import UUID

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
from prefect.client.schemas.schedules import CronSchedule
from prefect.flow_engine import run_flow
from prefect.server import models
from prefect.server.database import provide_database_interface
from prefect.states import Pending
from sqlalchemy.exc import OperationalError

from tasks.schedules import by_schedule


@flow
def beats() -> bool:
    return by_schedule()


def test_what_has_a_schedule_is_to_run_by_it() -> None:
    schedule = DeploymentScheduleCreate(schedule=CronSchedule(cron="* * * * *"), active=True)
    with get_client(sync_client=True) as client:
        made = client.create_deployment(client.create_flow(beats), "by-schedule", schedules=[schedule])
        asyncio.run(_scheduled(made))
        runs = client.read_flow_runs(deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[made])))
        client.set_flow_run_state(runs[0].id, Pending(), force=True)  # as the worker does
        begun = client.read_flow_run(runs[0].id)
        client.delete_deployment(made)
    assert run_flow(beats, flow_run=begun) is True, "it knows that nobody has started it by hand"
    assert beats() is False
    assert [run.auto_scheduled for run in runs] == [True] * 3


async def _scheduled(deployment: UUID) -> None:
    """As the server's own loop does, which the server of tests leaves out. That server writes to the same file."""
    for _ in range(20):
        try:
            async with provide_database_interface().session_context(begin_transaction=True) as session:
                await models.deployments.schedule_runs(session, deployment, min_runs=3, max_runs=3)
            return
        except OperationalError as error:
            if "locked" not in str(error):
                raise
            await asyncio.sleep(1)
