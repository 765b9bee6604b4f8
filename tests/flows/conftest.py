"""Flows run against Prefect's own test server; the engine behind them is one that only takes notes."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from prefect.logging.handlers import PrefectConsoleHandler
from prefect.testing.utilities import prefect_test_harness

from headrace.engines import Job, JobResult


@pytest.fixture(scope="package", autouse=True)
def prefect() -> Iterator[None]:
    with prefect_test_harness(server_startup_timeout=240):
        yield
    for name in (None, *logging.Logger.manager.loggerDict):  # they write to what was captured of these tests
        logger = logging.getLogger(name)
        for handler in [each for each in logger.handlers if isinstance(each, PrefectConsoleHandler)]:
            logger.removeHandler(handler)


class NotingEngine:
    """Answers every job with a plausible summary, or with what a test has put in its place."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.answers: dict[str, Callable[[Job], Any]] = {}

    def __call__(self, jobs: list[Job]) -> list[JobResult]:
        return [self._answer(job) for job in jobs]

    def _answer(self, job: Job) -> JobResult:
        self.jobs.append(job)
        said = self.answers[job.name](job) if job.name in self.answers else USUAL[job.name](job)
        return JobResult(job, 0.1, said)

    @property
    def order(self) -> list[str]:
        return [" ".join([job.name, *_layers(job)]) for job in self.jobs]

    def scan_fails_in(self, layer: str) -> None:
        check = {"table": "orders", "name": "order_id names one row", "outcome": "fail",
                 "detail": "found 1, expected 0", "found": "1", "expected": "0"}  # fmt: skip
        self.answers["scan"] = lambda job: _scan(job, [check] if job.options["layer"] == layer else [])


def _layers(job: Job) -> list[str]:
    return [job.options["layer"]] if "layer" in job.options else list(job.options.get("layers", []))


def _scan(job: Job, checks: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "scan": {
            "domain": job.domain,
            "layer": job.options["layer"],
            "as_of": "2024-01-15T00:00:00",
            "checks": checks,
            "skipped": [],
            "versions": {"orders": 3},
            "scopes": {},
            "seconds": 0.1,
        },
        "restored": [],
    }


def _refine(job: Job) -> dict[str, Any]:
    (layer,) = job.options["layers"]
    table = {"layer": layer, "table": "orders", "rows_in": 3, "counts": {"written": 3}}
    timed = {**table, "seconds": 0.1, "version": 3}
    return {
        "domain": job.domain,
        "run": "r",
        "as_of": "2024-01-15T00:00:00",
        "seconds": 0.1,
        "tables": [timed],
        "set_aside": [],
    }


def receipt_of(job: Job, *, rows: int = 3) -> dict[str, Any]:
    line = {
        "table": "bronze.orders", "says": "lines = rows", "left": rows, "right": 3, "terms": {"lines": 3},
        "balanced": rows == 3,
    }  # fmt: skip
    return {"domain": job.domain, "balanced": rows == 3, "lines": [line], "lost": [], "notes": []}


USUAL: dict[str, Callable[[Job], Any]] = {
    "refine": _refine,
    "scan": lambda job: _scan(job, []),
    "receipt": receipt_of,
    "score": lambda _: {"kinds": []},
    "generate": lambda job: {"domain": job.domain, "rows": 0, "bytes": 0, "seconds": 0.1, "tables": []},
    "maintain": lambda _: {"tables": []},
    "serve": lambda _: {"tables": [{"table": "orders", "outcome": "loaded", "inserted": 3}]},
    "publish": lambda job: {
        "tables": [{"database": f"{job.domain}_gold", "table": "orders", "outcome": "created"}]
    },
}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> NotingEngine:
    noting = NotingEngine()
    monkeypatch.setattr("tasks.submit.hand_over", noting)
    return noting
