"""Scores the alarms: worlds are made, sent through silver in the order of their events, and watched by the engine."""

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
from simulation.score.alarm_watch import DAY, Heard, Told
from simulation.score.matching import Matched, Planted, Raised, matched, wilson
from simulation.score.panel_rows import Replayed
from simulation.score.panels import PANELS, Panel

STAGE = "replay"
EARLY_HOURS = 24
SLOW = ("drift", "failing")


@dataclass(frozen=True)
class AlarmScore:
    """Intervals hold the share with 95 % confidence. Delays are hours, from the beginning of what was planted."""

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
class Watched:
    """What one panel had, and what was told of it."""

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


def scores(watched: Sequence[Watched]) -> list[AlarmScore]:
    found: dict[str, list[Watched]] = defaultdict(list)
    for each in watched:
        for kind in each.panel.kinds:
            found[kind].append(each)
    return [_score(kind, those) for kind, those in found.items()]


def watch(spark: SparkSession, catalog: Catalog, rules: Rules, panel: Panel) -> Watched:
    item, took = f"{panel.name}, seed {panel.seed}", Stopwatch()
    tell(Event(STAGE, item, "started"))
    made = Replayed(spark, catalog, rules, panel)
    try:
        planted, told = made.planted(), Told(AlarmProcessor(rules), made.versions(), rules)
        pieces = list(made.pieces())
        heard = Heard()
        for place, piece in enumerate(pieces, start=1):
            readings = made.readings(piece)
            heard.take(readings)
            told.take(readings)
            tell(Event(STAGE, item, "going", told.rows, took.seconds, done=place, total=len(pieces)))
    finally:
        made.close()
    tell(Event(STAGE, item, "done", told.rows, took.seconds))
    seen = tuple(replace(each, counts=each.counts and heard.saw(each)) for each in planted)
    return Watched(panel, seen, told.raised(), told.rows)


def _score(kind: str, watched: Sequence[Watched]) -> AlarmScore:
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
