"""Which model predicts which rows: the newest that was in force on their day; before the first one, the first."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.models.files import readable
from headrace.models.predictor import Predictor

MODEL = "failure_risk"
TAKEN = ("model_id", "in_force_from", "generation", "trained_until", "model_text")


def models_by_bucket(trained_models: DataFrame, buckets: int) -> DataFrame:
    """All models of failures for each bucket of rows, to be grouped with these."""
    numbers = F.sequence(F.lit(0), F.lit(buckets - 1)).cast("array<bigint>")
    return trained_models.where(F.col("model_name") == MODEL).select(
        *TAKEN, F.explode(numbers).alias("_bucket")
    )


def in_force(rows: pa.Table, models: pa.Table) -> Iterator[tuple[dict[str, Any], Predictor, np.ndarray]]:
    """Each model with the places of the rows that are its own; nothing where there is no model. One that cannot be read
    or asked, since it learned from features that are no more, leaves its days to the one before it."""
    if not len(rows) or not len(models):
        return
    models = models.sort_by([("in_force_from", "ascending"), ("generation", "ascending")])
    begins, days = (
        table[name].cast(pa.int32()).to_numpy()
        for table, name in ((models, "in_force_from"), (rows, "reading_date"))
    )
    number = np.maximum(np.searchsorted(begins, days, side="right") - 1, 0)
    for each in np.unique(number).tolist():
        for place in (*range(each, -1, -1), *range(each + 1, len(models))):
            (model,) = models.slice(place, 1).to_pylist()
            predictor = _predictor(model["model_id"], model["model_text"])
            if predictor is not None and set(predictor.features) <= set(rows.column_names):
                yield model, predictor, np.flatnonzero(number == each)
                break


@lru_cache(maxsize=4)
def _predictor(model_id: str, text: str) -> Predictor | None:
    return readable(text, model_id)
