"""How right the alarms are: worlds that nothing was tuned on, replayed through silver and the engine."""

from pathlib import Path
from typing import Any

from benchmarks.lake import DOMAIN
from benchmarks.process import headrace
from benchmarks.report import Row

SURE = ("limit", "stuck", "silent")
TARGET, EARLY, MOST_FALSE = 0.95, 0.9, 1.0


def measure(home: Path, runs: int) -> list[Row]:  # noqa: ARG001 - the same worlds give the same score
    ran = headrace(home / "alarm-score", "score", DOMAIN, "--replay")
    rows = [_row(each) for each in ran.said]
    return [*rows, Row("all of these replayed", "300 s at most", f"{ran.seconds:.0f} s", ran.seconds <= 300)]


def _row(each: dict[str, Any]) -> Row:
    if each["early"] is not None:
        return _failing(each)
    said = (
        f"recall {_share(each['recall'], each['recall_interval'])}, {each['caught']} of {each['planted']}; "
        f"precision {_share(each['precision'], each['precision_interval'])}, {each['false_alarms']} false, "
        f"{each['explained']} explained; median delay {each['delay']:.1f} h"
    )
    if each["kind"] not in SURE:
        return Row(f"alarms of {each['kind']}", "as it is", said, True)
    met = min(each["recall"] or 0, each["precision"] or 0) >= TARGET
    return Row(f"alarms of {each['kind']}", "recall and precision 0.95", said, met)


def _failing(each: dict[str, Any]) -> Row:
    early = each["early"] / each["planted"]
    said = (
        f"{_share(early, each['early_interval'])} told a day before, {each['early']} of {each['planted']}; "
        f"{each['false_per_group_year']:.2f} false a unit-year ({each['false_alarms']} in {each['group_years']})"
    )
    met = early >= EARLY and each["false_per_group_year"] <= MOST_FALSE
    return Row("alarms of failing units", "9 of 10 told 24 h before, 1 false a unit-year at most", said, met)


def _share(share: float | None, interval: list[float] | None) -> str:
    return (
        "not known"
        if share is None or interval is None
        else f"{share:.3f} ({interval[0]:.3f} to {interval[1]:.3f})"
    )
