"""What the rehearsal asks of Prefect's API, asked of a real server."""

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.schedules import CronSchedule
from prefect.settings import PREFECT_API_URL

from rehearsal.cloud.prefect_processes import Prefect


@flow
def looks() -> None: ...


def test_a_paused_schedule_is_let_go_and_made_more_frequent() -> None:
    schedule = DeploymentScheduleCreate(
        schedule=CronSchedule(cron="*/5 * * * *", timezone="UTC"), active=False
    )
    with get_client(sync_client=True) as client:
        made = client.create_deployment(client.create_flow(looks), "by-five", schedules=[schedule])
        Prefect(str(PREFECT_API_URL.value())).schedule("looks/by-five", "* * * * *")
        (found,) = client.read_deployment(made).schedules
        client.delete_deployment(made)
    assert (found.schedule.cron, found.schedule.timezone, found.active) == ("* * * * *", "UTC", True)
