"""The gate, and which engine a job may go to."""

import pytest

from headrace.engines import submit
from headrace.engines.job import Job
from headrace.errors import GateClosed, UsageError
from headrace.quality.summary import CheckResult, ScanSummary, gate
from headrace.settings import Settings


def summary(*outcomes: str) -> ScanSummary:
    checks = [CheckResult("levels", f"check {at}", outcome, "found 1, expected 0")  # type: ignore[arg-type]
              for at, outcome in enumerate(outcomes)]  # fmt: skip
    return ScanSummary("works", "silver", "2024-01-02T00:00:00", checks)


def test_a_warning_leaves_the_gate_open() -> None:
    gate(summary("pass", "warn"))


def test_a_failure_closes_it_and_says_what_was_found() -> None:
    with pytest.raises(GateClosed, match="levels: check 1: found 1, expected 0"):
        gate(summary("pass", "fail"))


def test_a_long_list_of_failures_is_cut() -> None:
    with pytest.raises(GateClosed, match=r"12 checks failed(.|\n)*and 2 more"):
        gate(summary(*["fail"] * 12))


def test_an_engine_that_is_not_there_yet_is_named() -> None:
    with pytest.raises(UsageError, match=r"'emr' is not available in this version.*local"):
        submit(Job("receipt", "works"), Settings(engine="emr", _env_file=None))
