"""Trains a domain's model of failures, judges it on machines that it never saw, and lands it where it is the better one.

A trained model is a source file like any other: `refine` brings it to silver, and gold predicts by it. So what a model
says can be made again at any time, and which one said it is in every row.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from headrace.errors import NotReady
from headrace.lake import log, objects
from headrace.lake.delta_rs import opened
from headrace.lake.paths import Paths
from headrace.models.boosting import Recipe, fit
from headrace.models.declared import Declared, model_of
from headrace.models.files import TrainedModel, as_file, id_of, model_in, packed
from headrace.models.labels import landmarks
from headrace.models.lives import Lives, hours_of, lives_of
from headrace.refine.catalog import load_tables
from headrace.settings import Settings

HOURS_APART = 2
"""Features are read at hours that this divides."""
LEARNED_PART = 0.6
"""Of the time that is known, the part that is learned from; the rest is judged by."""
FEWEST_FAILURES = 20


@dataclass(frozen=True)
class History:
    """All that is known of a domain's machines. `until`: hours since 1970."""

    lives: Lives
    alarms: pd.DataFrame
    begin: float
    until: float

    @property
    def cut(self) -> float:
        return self.begin + LEARNED_PART * (self.until - self.begin)


def history_of(declared: Declared, settings: Settings) -> History:
    paths, catalog, model = Paths.of(declared.domain, settings), load_tables(declared.domain), declared.model

    def read(name: str, columns: tuple[str, ...], **rows: Any) -> pd.DataFrame:
        node = catalog.node(name)
        table = paths.table(node.ref.layer, name)
        if not log.exists(table):
            raise NotReady(
                f"{node.ref} does not exist yet, and {declared.name} learns from it; run headrace refine "
                f"{declared.domain} first",
                f"{node.ref}, which does not exist yet",
            )
        return opened(table).to_pyarrow_dataset().to_table(columns=list(columns), **rows).to_pandas()

    is_taken = pc.equal(pc.bit_wise_and(pc.hour(pc.field(model.time)), HOURS_APART - 1), 0)
    rows = read(model.features, (model.entity, model.time, *model.columns), filter=is_taken)
    if rows.empty:
        raise NotReady(f"gold.{model.features} is empty: there is nothing to learn from", "rows to learn from")
    ends = declared.frames("ends", read)
    lives = lives_of(rows, ends, entity=model.entity, time=model.time, columns=model.columns)
    alarms = declared.frames("alarms", read)
    alarms = alarms.assign(hours=hours_of(alarms["at"]))
    return History(lives, alarms, float(lives.hours.min()), float(lives.hours.max()))


def learned(history: History, declared: Declared) -> Lives:
    """The rows that a model learns from: of machines that no judge asks about, until the cut, as was known then."""
    lives = history.lives.where(np.flatnonzero(~history.lives.is_held)).known_at(history.cut)
    if lives.failures < FEWEST_FAILURES:
        raise NotReady(
            f"{lives.failures} failures of {len(np.unique(lives.machine))} machines until {_instant(history.cut)}: a "
            f"model learns from {FEWEST_FAILURES} at least. Take a larger fleet or a longer time, as headrace generate "
            "--profile model makes",
            f"{FEWEST_FAILURES} failures to learn from; there are {lives.failures}",
        )
    return lives.where(landmarks(lives.life, lives.hours, declared.model.every))


def train(
    domain: str, *, model: str | None = None, settings: Settings, recipe: Recipe | None = None
) -> dict[str, Any]:
    declared = model_of(domain, model)
    history = history_of(declared, settings)
    rows = learned(history, declared)
    predictor = fit(
        rows.features, rows.labels, rows.machine, declared.model.horizons, declared.model.cap, recipe or Recipe()
    )
    text = packed(predictor)
    champion = champion_of(declared, settings)
    name = id_of(declared.name, text)
    until = _instant(history.until)
    found = TrainedModel(
        model_id=name,
        model_name=declared.name,
        promoted_at=until,
        in_force_from=until.date() + timedelta(days=1) if champion else _instant(history.begin).date(),
        generation=champion.generation + 1 if champion else 1,
        trained_until=_instant(history.cut),
        horizons_hours=",".join(f"{each:g}" for each in declared.model.horizons),
        machines=len(np.unique(rows.machine)),
        failures=rows.failures,
        metrics=json.dumps({}),
        replaces=champion.model_id if champion else None,
        model_text=text,
    )
    place = f"{Paths.of(domain, settings).landing(declared.model.lands_in)}/{name}.json"
    objects.put(place, as_file(found))
    return {"domain": domain, "model": declared.name, "model_id": name, "lands_in": declared.model.lands_in, "promoted": True, "file": place}


def champion_of(declared: Declared, settings: Settings) -> TrainedModel | None:
    """The newest model, refined or still landed."""
    known = [each for each in _models(declared, settings) if each.model_name == declared.name]
    return max(known, key=lambda each: each.generation, default=None)


def _models(declared: Declared, settings: Settings) -> Iterator[TrainedModel]:
    paths, name = Paths.of(declared.domain, settings), declared.model.lands_in
    table = paths.table("silver", name)
    if log.exists(table):
        fields = list(TrainedModel.__dataclass_fields__)
        rows = opened(table).to_pyarrow_dataset().to_table(columns=fields).to_pylist()
        yield from (TrainedModel(**row) for row in rows)
    for url in objects.list_under(paths.landing(name)):
        if url.endswith(".json"):
            yield model_in(objects.get(url) or b"")


def _instant(hours: float) -> datetime:
    return datetime.fromtimestamp(hours * 3600, UTC)
