"""How right the alarms were, on one screen."""

from cli.screen import count, out, table
from cli.summary import NOT_KNOWN


def show_alarm_score(kinds: list[dict]) -> None:
    headings = [
        "alarm",
        ">planted",
        ">caught",
        ">recall (95 %)",
        ">false",
        ">precision (95 %)",
        ">explained",
        ">delay",
    ]
    out.print(
        table(headings, [_row(each) for each in kinds], title="What the alarms told of what was planted")
    )
    for each in kinds:
        if each["early"] is not None:
            out.print(f"  {each['kind']:<11} {_early(each)}")
    out.print(
        "  explained   alarms that a trouble of another kind could not but bring about: neither right nor false"
    )


def _row(each: dict) -> tuple[object, ...]:
    return (
        each["kind"],
        count(each["planted"]),
        count(each["caught"]),
        _share(each["recall"], each["recall_interval"]),
        count(each["false_alarms"]),
        _share(each["precision"], each["precision_interval"]),
        count(each["explained"]),
        NOT_KNOWN if each["delay"] is None else _delay(each["delay"]),
    )


def _early(each: dict) -> str:
    share = _share(each["early"] / each["planted"] if each["planted"] else None, each["early_interval"])
    return (
        f"{each['early']} of {each['planted']} told at least 24 hours before, {share}; "
        f"{each['false_per_group_year']:.2f} false alarms a group and year, over {each['group_years']:g} years"
    )


def _share(share: float | None, interval: list[float] | tuple[float, float] | None) -> str:
    if share is None or interval is None:
        return NOT_KNOWN
    low, high = interval
    return f"{share:.1%} ({low:.1%} to {high:.1%})"


def _delay(hours: float) -> str:
    return f"{hours * 60:.0f} min" if hours < 2 else f"{hours:.1f} h"
