"""What the model in force says of each machine that runs, once an hour: how likely it fails within 24, 48 and 168
hours, how many hours remain, with an interval that holds nine times in ten, and the three reasons that weigh most.

A day is predicted by the newest model that was in force then, the days before the first one by the first; so a new
model changes no earlier day. What remains is told up to two weeks. Reasons are told from a chance of 5 % within a week
on: they cost a hundred times what the prediction does, and of a sound machine there is none to tell. Each says by how
many hours the value of a feature moved the remaining ones from their mean.
"""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from domains.compressors.models_in_force import in_force, models_by_bucket
from headrace.models.predictor import HIGH, LOW, REMAINING, Predictor, within
from headrace.tables import Replace, Table

TABLE = Table(
    key=("compressor_id", "predicted_at"),
    partition="reading_date",
    cluster=("compressor_id", "predicted_at"),
    write=Replace(follows={"wear_features": "reading_date"}, since={"trained_models": "in_force_from"}),
    may_be_empty=True,
    description="Chances of a failure within 24, 48 and 168 hours and remaining hours of each machine, once an hour.",
)

HORIZONS, REASONS, EXPLAINED_FROM = (24, 48, 168), 3, 0.05
MADE = pa.schema(
    [
        ("compressor_id", pa.string()),
        ("predicted_at", pa.timestamp("us", "UTC")),
        ("reading_date", pa.date32()),
        *((f"failure_within_{hours}h", pa.float64()) for hours in HORIZONS),
        *(
            (name, pa.float64())
            for name in ("remaining_hours", "remaining_hours_low", "remaining_hours_high")
        ),
        *(
            (f"reason_{place}{part}", kind)
            for place in range(1, REASONS + 1)
            for part, kind in (("", pa.string()), ("_value", pa.float64()), ("_hours", pa.float64()))
        ),
        ("model_id", pa.string()),
        ("is_hindsight", pa.bool_()),
    ]
)
BUCKETS, MOST_AT_ONCE = 16, 10_000


def ml_predictions(wear_features: DataFrame, trained_models: DataFrame) -> DataFrame:
    bucket = F.pmod(F.xxhash64("compressor_id"), F.lit(BUCKETS)).alias("_bucket")
    return (
        wear_features.select("*", bucket)
        .groupBy("_bucket")
        .cogroup(models_by_bucket(trained_models, BUCKETS).groupBy("_bucket"))
        .applyInArrow(predictions_of, from_arrow_schema(MADE))
    )


def predictions_of(rows: pa.Table, models: pa.Table) -> pa.Table:
    """Of all machines of a bucket."""
    parts = [
        _by_model(rows.take(pa.array(places[begin : begin + MOST_AT_ONCE])), model, predictor)
        for model, predictor, places in in_force(rows, models)
        for begin in range(0, len(places), MOST_AT_ONCE)
    ]
    return pa.concat_tables([MADE.empty_table(), *parts])


def _by_model(rows: pa.Table, model: dict[str, Any], predictor: Predictor) -> pa.Table:

    features = rows.select(list(predictor.features)).to_pandas()
    predictions = predictor.predict(features)
    chances = {hours: predictions[within(hours)].round(4) for hours in HORIZONS}
    known_until = model["trained_until"]
    columns: dict[str, Any] = {
        "compressor_id": rows["compressor_id"],
        "predicted_at": rows["timestamp"],
        "reading_date": rows["reading_date"],
        **{f"failure_within_{hours}h": chance for hours, chance in chances.items()},
        "remaining_hours": predictions[REMAINING].round(1),
        "remaining_hours_low": predictions[LOW].round(1),
        "remaining_hours_high": predictions[HIGH].round(1),
        **_reasons(predictor, features[chances[HORIZONS[-1]] >= EXPLAINED_FROM], len(rows)),
        "model_id": pa.repeat(model["model_id"], len(rows)),
        "is_hindsight": pa.array([at <= known_until for at in rows["timestamp"].to_pylist()]),
    }
    return pa.table({field.name: columns[field.name] for field in MADE}, schema=MADE)


def _reasons(predictor: Predictor, risky: pd.DataFrame, count: int) -> dict[str, pa.Array]:
    """Of `count` rows, null for those that are not among the risky ones."""
    found = predictor.reasons(risky, REASONS) if len(risky) else pd.DataFrame()
    made: dict[str, pa.Array] = {}
    for place in range(1, REASONS + 1):
        part = found[found["rank"] == place].set_index("row") if len(found) else found
        for name, column, digits in (
            ("", "feature", None),
            ("_value", "value", 3),
            ("_hours", "contribution", 1),
        ):
            values = np.full(count, None, object)
            if len(part):
                told = part[column]
                values[part.index.to_numpy()] = told if digits is None else told.astype(float).round(digits)
            kind = pa.string() if digits is None else pa.float64()
            made[f"reason_{place}{name}"] = pa.array(values, kind, from_pandas=True)
    return made
