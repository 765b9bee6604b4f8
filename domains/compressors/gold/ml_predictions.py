"""What the model in force says of each machine that runs, once an hour: how likely it fails within 24, 48 and 168 hours,
how many hours remain, with an interval that holds nine times in ten, and the three reasons that weigh most.

A day is predicted by the newest model that was in force then, the days before the first one by the first; so a new
model changes no earlier day. What remains is told up to two weeks. A contribution says by how many hours the value of a
feature moved the remaining ones from their mean.
"""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from headrace.models.files import predictor_in
from headrace.models.predictor import HIGH, LOW, REMAINING, Predictor, within
from headrace.tables import Replace, Table

TABLE = Table(
    key=("compressor_id", "predicted_at"),
    partition="reading_date",
    cluster=("compressor_id", "predicted_at"),
    write=Replace(
        follows={"wear_features": "reading_date"}, since={"trained_models": "in_force_from"}
    ),
    may_be_empty=True,
    description="Chances of a failure within 24, 48 and 168 hours and remaining hours of each machine, once an hour.",
)

MODEL, HORIZONS, REASONS = "failure_risk", (24, 48, 168), 3
MADE = pa.schema(
    [
        ("compressor_id", pa.string()),
        ("predicted_at", pa.timestamp("us", "UTC")),
        ("reading_date", pa.date32()),
        *((f"failure_within_{hours}h", pa.float64()) for hours in HORIZONS),
        *((name, pa.float64()) for name in ("remaining_hours", "remaining_hours_low", "remaining_hours_high")),
        *(
            (f"reason_{place}{part}", kind)
            for place in range(1, REASONS + 1)
            for part, kind in (("", pa.string()), ("_value", pa.float64()), ("_hours", pa.float64()))
        ),
        ("model_id", pa.string()),
        ("is_hindsight", pa.bool_()),
    ]
)
BUCKETS, MOST_AT_ONCE = 16, 20_000


def ml_predictions(wear_features: DataFrame, trained_models: DataFrame) -> DataFrame:
    bucket = F.pmod(F.xxhash64("compressor_id"), F.lit(BUCKETS)).alias("_bucket")
    models = trained_models.where(F.col("model_name") == MODEL).select(
        *("model_id", "in_force_from", "generation", "trained_until", "model_text"),
        F.explode(F.sequence(F.lit(0), F.lit(BUCKETS - 1)).cast("array<bigint>")).alias("_bucket"),
    )
    return (
        wear_features.select("*", bucket)
        .groupBy("_bucket")
        .cogroup(models.groupBy("_bucket"))
        .applyInArrow(predictions_of, from_arrow_schema(MADE))
    )


def predictions_of(rows: pa.Table, models: pa.Table) -> pa.Table:
    """Of all machines of a bucket."""
    if not len(rows) or not len(models):
        return MADE.empty_table()
    models = models.sort_by([("in_force_from", "ascending"), ("generation", "ascending")])
    begins, days = (
        table[name].cast(pa.int32()).to_numpy()
        for table, name in ((models, "in_force_from"), (rows, "reading_date"))
    )
    in_force = np.maximum(np.searchsorted(begins, days, side="right") - 1, 0)
    parts = [
        _by_model(rows.take(pa.array(places[begin : begin + MOST_AT_ONCE])), models.slice(number, 1).to_pylist()[0])
        for number in np.unique(in_force).tolist()
        for places in [np.flatnonzero(in_force == number)]
        for begin in range(0, len(places), MOST_AT_ONCE)
    ]
    return pa.concat_tables(parts)


@cache
def _predictor(model_id: str, text: str) -> Predictor:
    return predictor_in(text, model_id)


def _by_model(rows: pa.Table, model: dict[str, Any]) -> pa.Table:
    predictor = _predictor(model["model_id"], model["model_text"])
    features = rows.select(list(predictor.features)).to_pandas()
    said = predictor.predict(features)
    known_until = model["trained_until"]
    columns: dict[str, Any] = {
        "compressor_id": rows["compressor_id"],
        "predicted_at": rows["timestamp"],
        "reading_date": rows["reading_date"],
        **{f"failure_within_{hours}h": said[within(hours)].round(4) for hours in HORIZONS},
        "remaining_hours": said[REMAINING].round(1),
        "remaining_hours_low": said[LOW].round(1),
        "remaining_hours_high": said[HIGH].round(1),
        **_reasons(predictor.reasons(features, REASONS)),
        "model_id": pa.repeat(model["model_id"], len(rows)),
        "is_hindsight": pa.array([at <= known_until for at in rows["timestamp"].to_pylist()]),
    }
    return pa.table({field.name: columns[field.name] for field in MADE}, schema=MADE)


def _reasons(reasons: pd.DataFrame) -> dict[str, pd.Series]:
    made = {}
    for place, part in reasons.groupby("rank"):
        made[f"reason_{place}"] = part["feature"]
        made[f"reason_{place}_value"] = part["value"].astype(float).round(3)
        made[f"reason_{place}_hours"] = part["contribution"].astype(float).round(1)
    return {name: values.reset_index(drop=True) for name, values in made.items()}
