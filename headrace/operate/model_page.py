"""The page that says how good a model of failures is, written from a run."""

from collections.abc import Iterator, Mapping
from typing import Any

from headrace.models.drift import DRIFTED, WATCH

WHO = {
    "model": "the model",
    "survival": "survival baseline",
    "limits": "limits of signals",
    "all limits": "limits, however many alarms",
    "median": "always the median",
}
MOST_DRIFT = 8


def page(done: Mapping[str, Any]) -> str:
    """done: what `training.judge_champion` returns."""
    return "\n".join(_lines(done)) + "\n"


def _lines(done: Mapping[str, Any]) -> Iterator[str]:
    yield f"# How good the model of failures of {done['domain']} is"
    yield ""
    yield f"<!-- Written by `headrace model judge {done['domain']} --into docs/model.md`; do not edit. -->"
    yield ""
    yield (
        f"`{done['model_id']}` learned from {done['machines']} machines and {done['failures']} failures until "
        f"{done['trained_until'][:10]}. It is asked here about {done['later']['machines']} other machines, which no "
        f"model learns from. Figures are means with 95 % intervals, from drawing machines anew."
    )
    for title, part in (
        ("New machines, later days", done["later"]),
        ("New machines, all days", done["all"]),
    ):
        yield from ("", f"## {title}", "")
        yield (
            f"{part['machines']} machines, {part['days']:.0f} days, {part['failures']} failures, "
            f"{part['rows']:,} rows."
        )
        yield from ("", *_alarms(part), "", *_errors(part), "", *_chances(part), "", *_kinds(part))
    yield from ("", "## Whether chances come as often as they say", "", *_calibration(done["all"]))
    yield from ("", "## Drift", "", *_drift(done))


def _alarms(part: Mapping[str, Any]) -> Iterator[str]:
    allowed = part["budget"] * part["days"] * part["machines"]
    yield (
        f"At {part['budget']:g} alarms for each machine and day ({allowed:.0f} in all), an alarm being right if the "
        "machine fails within a week. `stopped` are those after which the crew took the machine off before it failed; "
        "whether they were right nobody knows, and precision counts them as wrong:"
    )
    yield ""
    yield "| who | alarms | precision | stopped | recall | hours before the failure |"
    yield "|---|---|---|---|---|---|"
    for who, each in part["alarms"].items():
        yield (
            f"| {WHO[who]} | {each['raised']} | {_figure(each['precision'], 2)} | {_figure(each['stopped'], 2)} | "
            f"{_figure(each['recall'], 2)} | "
            f"{_figure(each['lead'], 0)} |"
        )


def _errors(part: Mapping[str, Any]) -> Iterator[str]:
    yield "Remaining hours, and intervals that should hold nine times in ten; near is the week before a failure:"
    yield ""
    yield "| who | mean error near | median error near | mean error of all | holds of all | holds near | hours wide |"
    yield "|---|---|---|---|---|---|---|"
    for who, each in part["figures"].items():
        yield (
            f"| {WHO[who]} | {_figure(each['mae_near'], 0)} | {_figure(each['median_error_near'], 0)} | "
            f"{_figure(each['mae'], 1)} | {_figure(each['coverage'], 3)} | {_figure(each['coverage_near'], 2)} | "
            f"{_figure(each['width'], 0)} |"
        )


def _chances(part: Mapping[str, Any]) -> Iterator[str]:
    names = [name for name in part["figures"]["model"] if name.startswith("brier_within_")]
    hours = [name.removeprefix("brier_within_") for name in names]
    yield "Chances of a failure: Brier score and mean distance from how often it came, in thousandths (less is better):"
    yield ""
    yield f"| who | {' | '.join(f'Brier {each} h | off {each} h' for each in hours)} |"
    yield f"|---|{'---|' * 2 * len(hours)}"
    for who, each in part["figures"].items():
        cells = (
            _figure(each[f"{kind}_within_{hour}"], 1, 1000)
            for hour in hours
            for kind in ("brier", "calibration")
        )
        yield f"| {WHO[who]} | {' | '.join(cells)} |"


def _kinds(part: Mapping[str, Any]) -> Iterator[str]:
    yield "By what the crew worked on:"
    yield ""
    yield "| component | failures | announced by an alarm | hours before, median | median error near, hours |"
    yield "|---|---|---|---|---|"
    for kind, each in part["by_kind"].items():
        yield (
            f"| {kind} | {each['failures']} | {each['found']} | {_number(each['lead_hours'], 0)} | "
            f"{_number(each['error_hours'], 0)} |"
        )


def _calibration(part: Mapping[str, Any]) -> Iterator[str]:
    yield "| horizon | said | came | rows |"
    yield "|---|---|---|---|"
    for name, bins in part["bins"].items():
        for said, came, rows in bins:
            yield f"| {name.removeprefix('within_')} h | {said:.3f} | {came:.3f} | {rows:,} |"


def _drift(done: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"Population stability index of the features in the last week against those learned from; from {WATCH:g} on a "
        f"feature is worth a look, from {DRIFTED:g} on it is another one. The table `model_drift` has every day."
    )
    yield ""
    yield "| feature | index |"
    yield "|---|---|"
    for name, value in list(done["drift"].items())[:MOST_DRIFT]:
        yield f"| {name} | {value:.2f} |"


def _figure(each: Mapping[str, float], digits: int, times: float = 1) -> str:
    value, low, high = (_number(times * each[name], digits) for name in ("value", "low", "high"))
    return f"{value} ({low} to {high})" if value else ""


def _number(value: float | None, digits: int) -> str:
    return "" if value is None or value != value else f"{value:,.{digits}f}"
