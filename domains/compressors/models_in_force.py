"""Which model predicts which rows: the newest that was in force on their day; before the first one, the first."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.models.files import predictor_in
from headrace.models.predictor import Predictor

MODEL = "failure_risk"
TAKEN = ("model_id", "in_force_from", "generation", "trained_until", "model_text")


def models_by_bucket(trained_models: DataFrame, buckets: int) -> DataFrame:
    """All models of failures for each bucket of rows, to be grouped with these."""
    numbers = F.sequence(F.lit(0), F.lit(buckets - 1)).cast("array<bigint>")
    return trained_models.where(F.col("model_name") == MODEL).select(
        *TAKEN, F.explode(numbers).alias("_bucket")
    )


def in_force(rows: pa.Table, models: pa.Table) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
    """Each model with the places of the rows that are its own; nothing where there is no model."""
    if not len(rows) or not len(models):
        return
    models = models.sort_by([("in_force_from", "ascending"), ("generation", "ascending")])
    begins, days = (
        table[name].cast(pa.int32()).to_numpy()
        for table, name in ((models, "in_force_from"), (rows, "reading_date"))
    )
    number = np.maximum(np.searchsorted(begins, days, side="right") - 1, 0)
    for each in np.unique(number).tolist():
        yield models.slice(each, 1).to_pylist()[0], np.flatnonzero(number == each)


def predictor_of(model: dict[str, Any]) -> Predictor:
    return _predictor(model["model_id"], model["model_text"])


@cache
def _predictor(model_id: str, text: str) -> Predictor:
    return predictor_in(text, model_id)
