"""Scores the alarms: makes the panels' worlds and sends them through silver and the engine of alarms, all in memory."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from pyspark.sql import SparkSession

from headrace.alarms.processor import AlarmProcessor
from headrace.alarms.rules import Rules, load_rules
from headrace.errors import UsageError
from headrace.lake.session import FEW_ROWS, get_spark, session_for
from headrace.progress import Event, Stopwatch, tell
from headrace.refine.catalog import Catalog, load_tables
from headrace.settings import Settings, get_settings
from simulation.score.alarm_watch import DAY, AlarmWatch, SenderActivity
from simulation.score.matching import Matched, Planted, Raised, matched, wilson
from simulation.score.panels import PANELS, Panel, PanelRows

STAGE = "replay"
EARLY_HOURS = 24
SLOW = ("drift", "failing")


@dataclass(frozen=True)
class AlarmScore:
    """Of one kind. Intervals hold the share with 95 % confidence. `delay`: median hours from the fault's beginning.
    `early`: how many failures were announced a day before."""

    kind: str
    planted: int
    caught: int
    false_alarms: int
    explained: int
    delay: float | None
    recall_interval: tuple[float, float] | None
    precision_interval: tuple[float, float] | None
    early: int | None = None
    early_interval: tuple[float, float] | None = None
    false_per_group_year: float | None = None
    group_years: float | None = None

    @property
    def recall(self) -> float | None:
        return self.caught / self.planted if self.planted else None

    @property
    def precision(self) -> float | None:
        judged = self.caught + self.false_alarms
        return self.caught / judged if judged else None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"recall": self.recall, "precision": self.precision}


@dataclass(frozen=True)
class PanelResult:
    """The faults planted in one panel, and the alarms raised."""

    panel: Panel
    planted: tuple[Planted, ...]
    raised: tuple[Raised, ...]
    rows: int

    def matched(self, kind: str) -> Matched:
        slack = DAY if kind in SLOW else int(2 * self.panel.stride.total_seconds() * 1e6)
        return matched(kind, self.planted, self.raised, slack)


def replay(
    domain: str, settings: Settings | None = None, panels: Sequence[Panel] = PANELS
) -> list[AlarmScore]:
    rules = load_rules(domain)
    if rules is None:
        raise UsageError(f"{domain} has no alarms.yml, so there are no alarms to score")
    spark = session_for(get_spark(settings or get_settings()), FEW_ROWS)
    spark.conf.set("spark.sql.codegen.wholeStage", "false")
    catalog = load_tables(domain)
    watched = [watch(spark, catalog, rules, panel) for panel in panels]
    return scores(watched)


def scores(watched: Sequence[PanelResult]) -> list[AlarmScore]:
    found: dict[str, list[PanelResult]] = defaultdict(list)
    for each in watched:
        for kind in each.panel.kinds:
            found[kind].append(each)
    return [_score(kind, those) for kind, those in found.items()]


def watch(spark: SparkSession, catalog: Catalog, rules: Rules, panel: Panel) -> PanelResult:
    item, took = f"{panel.name}, seed {panel.seed}", Stopwatch()
    tell(Event(STAGE, item, "started"))
    rows = PanelRows(spark, catalog, rules, panel)
    try:
        planted, alarms = rows.planted(), AlarmWatch(AlarmProcessor(rules), rows.versions(), rules)
        pieces = list(rows.pieces())
        activity = SenderActivity()
        for place, piece in enumerate(pieces, start=1):
            readings = rows.readings(piece)
            activity.take(readings)
            alarms.take(readings)
            tell(Event(STAGE, item, "going", alarms.rows, took.seconds, done=place, total=len(pieces)))
    finally:
        rows.close()
    tell(Event(STAGE, item, "done", alarms.rows, took.seconds))
    seen = tuple(replace(each, counts=each.counts and activity.shows(each)) for each in planted)
    return PanelResult(panel, seen, alarms.raised(), alarms.rows)


def _score(kind: str, watched: Sequence[PanelResult]) -> AlarmScore:
    found = [each.matched(kind) for each in watched]
    caught, missed, false = (
        sum(len(getattr(each, of)) for each in found) for of in ("caught", "missed", "false")
    )
    delays = [delay for each in found for delay in each.delays]
    scored = AlarmScore(
        kind, caught + missed, caught, false, sum(len(each.explained) for each in found),
        float(np.median(delays)) if delays else None,
        wilson(caught, caught + missed), wilson(caught, caught + false),
    )  # fmt: skip
    if not any(each.at is not None for of in watched for each in of.planted if each.kind == kind):
        return scored
    early, years = (
        sum(each.led_by(EARLY_HOURS) for each in found),
        sum(each.panel.group_years for each in watched),
    )
    return replace(
        scored, early=early, early_interval=wilson(early, caught + missed), group_years=round(years, 1),
        false_per_group_year=false / years,
    )  # fmt: skip
