"""Which plan of Prefect Cloud what is deployed needs."""

from datetime import datetime
from typing import Any

import pytest
import yaml

from cli.deployments import prefect_files
from cli.prefect_plan import Need, need_of, plan_for, plans, starts
from headrace.contracts.load import domains_found


@pytest.mark.parametrize(
    ("cron", "a_week", "first"),
    [
        ("* * * * *", 10_080, datetime(2024, 1, 1)),
        ("*/15 * * * *", 672, datetime(2024, 1, 1)),
        ("2-59/5 * * * *", 2016, datetime(2024, 1, 1, 0, 2)),
        ("20 1 * * *", 7, datetime(2024, 1, 1, 1, 20)),
        ("10 0 * * 1", 1, datetime(2024, 1, 1, 0, 10)),
        ("0 3 * * 0", 1, datetime(2024, 1, 7, 3)),
        ("0 0 1 * *", 1, datetime(2024, 1, 1)),
        ("0 0 2 2 *", 0, None),
        ("5,35 0 * * *", 14, datetime(2024, 1, 1, 0, 5)),
    ],
)
def test_a_schedule_falls_due_when_its_cron_says(cron: str, a_week: int, first: datetime | None) -> None:
    found = [*starts(cron, days=7)]
    assert (len(found), min(found, default=None)) == (a_week, first)


def deployment(*crons: str, **more: Any) -> dict[str, Any]:
    return {"schedules": [{"cron": cron} for cron in crons], **more}


def test_the_busiest_minute_counts_with_what_the_worker_asks_anyway() -> None:
    measured = plans()[1]
    need = need_of([deployment("*/5 * * * *"), deployment("*/15 * * * *"), {"triggers": [{}, {}]}])
    assert (need.deployments, need.automations) == (3, 2)
    assert need.runs_a_day == 288 + 96
    assert need.requests == measured.idle + 2 * measured.requests_a_run
    assert need.logs_and_events == 2 * measured.logs_and_events_a_run


def test_the_smallest_plan_that_allows_all_of_it_is_named() -> None:
    small = Need(deployments=5, automations=2, runs_a_day=10, requests=100, logs_and_events=100)
    found = [
        plan_for(small),
        plan_for(Need(**{**vars(small), "deployments": 6})),
        plan_for(Need(**{**vars(small), "requests": 1251})),
        plan_for(Need(**{**vars(small), "logs_and_events": 8001})),
        plan_for(Need(**{**vars(small), "requests": 5001})),
    ]
    assert [plan and plan.name for plan in found] == ["Hobby", "Starter", "Team", "Pro", None]


def test_what_is_deployed_here_fits_the_second_plan_a_domain() -> None:
    deployed = yaml.safe_load(prefect_files(["refinery"])["prefect.yaml"])["deployments"]
    plan = plan_for(need_of(deployed))
    assert plan is not None
    assert plan.name == "Starter"
    assert "refinery" in domains_found()
