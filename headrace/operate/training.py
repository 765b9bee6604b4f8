"""Trains a domain's model of failures, judges it on machines that it never saw, and lands it where it is better.

A trained model is a source file like any other: `refine` brings it to silver, and gold predicts by it. So what a model
says can be made again at any time, and which one said it is in every row.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
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
from headrace.models.files import TrainedModel, as_file, id_of, model_in, packed, predictor_in, readable
from headrace.models.judgement import Figure
from headrace.models.labels import landmarks
from headrace.models.lives import Lives, hours_of, lives_of
from headrace.models.predictor import Predictor
from headrace.models.tracking import ModelStore
from headrace.operate.model_judgement import MODEL, Judged, against, drift_now, flat, judged
from headrace.progress import Event, Stopwatch, tell
from headrace.refine.catalog import load_tables
from headrace.settings import Settings

STAGE = "train"
HOURS_APART = 2
"""Features are read at hours that this divides."""
LEARNED_PART = 2 / 3
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

    def asked(self) -> Lives:
        """What models are judged by: machines that none of them learned from, after the cut."""
        return self.lives.where(np.flatnonzero(self.lives.is_held & (self.lives.hours > self.cut)))

    def asked_on_all_days(self) -> Lives:
        """The same machines from the beginning: it is as many failures as there are to ask about."""
        return self.lives.where(np.flatnonzero(self.lives.is_held))


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
        raise NotReady(
            f"gold.{model.features} is empty: there is nothing to learn from", "rows to learn from"
        )
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
    """Trains a challenger, judges it, and lands it if it is the first or beats the champion by more than noise.

    A champion whose features are not declared any more cannot be asked, and gives way.
    """
    declared, recipe = model_of(domain, model), recipe or Recipe()
    history = history_of(declared, settings)
    rows = learned(history, declared)
    tell(Event(STAGE, declared.name, "started", note=f"{len(rows):,} rows, {rows.failures} failures"))
    watch = Stopwatch()
    predictor = fit(
        rows.features, rows.labels, rows.machine, declared.model.horizons, declared.model.cap, recipe
    )
    asked = history.asked()
    found = judged(predictor, rows, asked, history.alarms, history.until, declared)
    champion = champion_of(declared, settings)
    beats, before = None, _readable(champion)
    if before is not None and set(before.features) <= set(declared.model.columns):
        beats = against(predictor, before, asked, declared.model.horizons)
    challenger = _named(predictor, found, rows, history, declared, champion)
    is_new = champion is None or champion.model_id != challenger.model_id
    promoted = is_new and (beats is None or beats.is_below_zero)
    if promoted:  # before it is recorded: a store of runs that is down must not keep a better model out
        objects.put(_place(challenger, declared, settings), as_file(challenger))
    run = _record(challenger, predictor, found, beats, promoted, recipe, settings)
    tell(Event(STAGE, declared.name, "done", len(rows), watch.seconds, note=challenger.model_id))
    return {
        "domain": domain,
        "model": declared.name,
        "model_id": challenger.model_id,
        "promoted": promoted,
        "champion": champion.model_id if champion else None,
        "difference": asdict(beats) if beats else None,
        "lands_in": declared.model.lands_in,
        "file": _place(challenger, declared, settings) if promoted else None,
        "run": run,
        "machines": challenger.machines,
        "failures": challenger.failures,
        "judged": found.as_dict(),
        "drift": drift_now(predictor, history.lives),
    }


def _readable(champion: TrainedModel | None) -> Predictor | None:
    """None of one that this version cannot read any more: it gives way to whoever comes."""
    return None if champion is None else readable(champion.model_text, champion.model_id)


def judge_champion(domain: str, *, model: str | None = None, settings: Settings) -> dict[str, Any]:
    """The model in force beside its baselines, on machines that none learned from: after the cut, and on all days."""
    declared = model_of(domain, model)
    champion = champion_of(declared, settings)
    if champion is None:
        raise NotReady(
            f"{domain} has no model {declared.name} yet; run headrace model train {domain} first",
            f"a model {declared.name}",
        )
    history = history_of(declared, settings)
    rows, predictor = learned(history, declared), predictor_in(champion.model_text, champion.model_id)
    parts = {"later": history.asked(), "all": history.asked_on_all_days()}
    found = {
        name: judged(predictor, rows, asked, history.alarms, history.until, declared)
        for name, asked in parts.items()
    }
    return {
        "domain": domain,
        "model": declared.name,
        "model_id": champion.model_id,
        "machines": champion.machines,
        "failures": champion.failures,
        "trained_until": champion.trained_until.isoformat(),
        "drift": drift_now(predictor, history.lives),
        **{name: each.as_dict() for name, each in found.items()},
    }


def _named(
    predictor: Predictor,
    found: Judged,
    rows: Lives,
    history: History,
    declared: Declared,
    champion: TrainedModel | None,
) -> TrainedModel:
    text, until = packed(predictor), _instant(history.until)
    figures = {name: each.value for name, each in found.figures[MODEL].items()}
    return TrainedModel(
        model_id=id_of(declared.name, text),
        model_name=declared.name,
        promoted_at=until,
        in_force_from=until.date() + timedelta(days=1) if champion else _instant(history.begin).date(),
        generation=champion.generation + 1 if champion else 1,
        trained_until=_instant(history.cut),
        horizons_hours=",".join(f"{each:g}" for each in declared.model.horizons),
        machines=len(np.unique(rows.machine)),
        failures=rows.failures,
        metrics=json.dumps({name: round(value, 6) for name, value in figures.items()}),
        replaces=champion.model_id if champion else None,
        model_text=text,
    )


def _record(
    challenger: TrainedModel,
    predictor: Predictor,
    found: Judged,
    beats: Figure | None,
    promoted: bool,
    recipe: Recipe,
    settings: Settings,
) -> str:
    """The run in MLflow. Which model is in force is known by the lake; the store is told, whatever it knew before."""
    store = _store(settings)
    if store is None:
        note = "a cluster's own disk goes with it: set HEADRACE_TRACKING_URL for runs to be kept"
        tell(Event(STAGE, "MLflow", "skipped", note=note))
        return ""
    figures: dict[str, Figure | float] = dict(flat(found.figures))
    if beats is not None:
        figures["challenge"] = beats
    for who, alarms in found.alarms.items():
        parts = {"precision": alarms.precision, "recall": alarms.recall, "lead": alarms.lead}
        figures |= {f"{who}_alarm_{part}": each for part, each in parts.items()}
    about = {
        "machines": challenger.machines,
        "failures": challenger.failures,
        "trained_until": challenger.trained_until.isoformat(),
        "horizons_hours": challenger.horizons_hours,
        "features": len(predictor.features),
        **{name: value for name, value in asdict(recipe).items() if name != "parameters"},
        **recipe.parameters,
    }
    tags = {"model_id": challenger.model_id, "promoted": str(promoted).lower()}
    known = {name: each for name, each in figures.items() if np.isfinite(_value(each))}
    run = store.record(challenger.model_name, predictor.to_text(), known, about, tags)
    if promoted:
        store.make_champion(challenger.model_name, run)
    return run


def _store(settings: Settings) -> ModelStore | None:
    if settings.tracking_url:
        return ModelStore(settings.tracking_url, settings.model_artifacts_url)
    if settings.spark != "own":
        return None
    return ModelStore.in_folder((settings.home / "models").absolute(), settings.model_artifacts_url)


def _value(figure: Figure | float) -> float:
    return figure.value if isinstance(figure, Figure) else figure


def _place(model: TrainedModel, declared: Declared, settings: Settings) -> str:
    return f"{Paths.of(declared.domain, settings).landing(declared.model.lands_in)}/{model.model_id}.json"


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
        with suppress(ValueError):  # a damaged file is set aside with its reason when it is refined
            if url.endswith(".json") and (body := objects.get(url)) is not None:
                yield model_in(body)


def _instant(hours: float) -> datetime:
    return datetime.fromtimestamp(hours * 3600, UTC)
