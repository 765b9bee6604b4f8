"""The gate, and which engine a job may go to."""

import pytest

from headrace.errors import GateClosed
from headrace.quality.gate import CheckResult, ScanSummary, gate


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
