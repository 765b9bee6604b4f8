"""Trained models in MLflow: their parameters, figures and text, and which of them is the champion.

A store is a database and a place for artifacts. mlflow-skinny writes SQLite and PostgreSQL itself and talks to a
tracking server over HTTP; its store of plain files is refused by MLflow 3, and S3 holds artifacts but no runs.
The champion is a tag of the experiment, so it is known without a model registry.
"""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace.errors import NotReady, UsageError
from headrace.models.judgement import Figure

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHAMPION, TEXT = "champion", "model.json"
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


@dataclass(frozen=True)
class ModelStore:
    """tracking: `sqlite:///file`, `postgresql+psycopg://…` or the address of an MLflow server. artifacts: a folder or
    `s3://bucket/prefix`; a server may leave it empty, it has its own."""

    tracking: str
    artifacts: str = ""

    @classmethod
    def in_folder(cls, folder: Path, artifacts: str = "") -> "ModelStore":
        """Runs in a SQLite file of the folder; artifacts beside it, or where `artifacts` says."""
        folder.mkdir(parents=True, exist_ok=True)
        return cls(f"sqlite:///{folder / 'mlflow.db'}", artifacts or (folder / "artifacts").as_uri())

    def record(
        self,
        name: str,
        text: str,
        figures: Mapping[str, Figure | float],
        parameters: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """A finished run of the experiment `name`; returns its id. A figure with an interval is three metrics."""
        run = self._client.create_run(self._experiment(name), tags=dict(tags or {})).info.run_id
        for key, value in (parameters or {}).items():
            self._client.log_param(run, key, value)
        for key, number in _metrics(figures).items():
            self._client.log_metric(run, key, number)
        self._client.log_text(run, text, TEXT)
        self._client.set_terminated(run)
        return str(run)

    def champion(self, name: str) -> str | None:
        """The id of its run; None before the first."""
        found = self._client.get_experiment_by_name(name)
        return found.tags.get(CHAMPION) if found is not None else None

    def text(self, run: str) -> str:
        import mlflow

        place = self._client.get_run(run).info.artifact_uri
        return str(mlflow.artifacts.load_text(f"{place}/{TEXT}"))

    def champion_text(self, name: str) -> str:
        if (run := self.champion(name)) is None:
            raise NotReady(f"there is no model {name} yet; train one first", f"a model {name}")
        return self.text(run)

    def challenge(self, name: str, run: str, difference: Figure | None = None) -> bool:
        """Makes the run the champion if it is the first, or better by more than noise; returns whether it is now.

        difference: the main figure of the challenger less that of the champion, on the same held-out machines
        (`judgement.difference`), of a figure of which less is better. Its whole interval must lie below 0.
        """
        now = self.champion(name)
        if now == run:
            return True
        if now is not None and difference is None:
            raise UsageError(f"{name} has a champion: a challenger needs the difference to it")
        if difference is not None:
            for key, number in _metrics({"challenge": difference}).items():
                self._client.log_metric(run, key, number)
        wins = now is None or (difference is not None and difference.is_below_zero)
        if wins:
            self.make_champion(name, run)
        return wins

    def make_champion(self, name: str, run: str) -> None:
        """Without a challenge: for those who know the champion from elsewhere."""
        self._client.set_experiment_tag(self._experiment(name), CHAMPION, run)

    def _experiment(self, name: str) -> str:
        if (found := self._client.get_experiment_by_name(name)) is not None:
            return str(found.experiment_id)
        place = f"{self.artifacts.rstrip('/')}/{name}" if self.artifacts else None
        return str(self._client.create_experiment(name, artifact_location=place))

    @cached_property
    def _client(self) -> "MlflowClient":
        for key, value in QUIET.items():  # before the import, which reads some of them
            os.environ.setdefault(key, value)
        import mlflow  # here: it takes seconds to import

        for talker in ("mlflow", "alembic"):
            logging.getLogger(talker).setLevel(logging.WARNING)
        return mlflow.MlflowClient(self.tracking)


def _metrics(figures: Mapping[str, Figure | float]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, each in figures.items():
        if isinstance(each, Figure):
            found |= {name: each.value, f"{name}_low": each.low, f"{name}_high": each.high}
        else:
            found[name] = float(each)
    return found
