"""How far the features of each day lie from those that the model in force learned from: the population stability index.

The index compares the shares of rows between the deciles of training: up to 0.1 nothing changed, from 0.25 on it is
another feature. Of a few machines alone it is large by chance, so each row says how many there were.
"""

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from domains.compressors.models_in_force import in_force, models_by_bucket
from headrace.models.drift import population_stability
from headrace.tables import Replace, Table

TABLE = Table(
    key=("reading_date", "feature"),
    partition="reading_date",
    cluster=("feature",),
    write=Replace(follows={"wear_features": "reading_date"}, since={"trained_models": "in_force_from"}),
    may_be_empty=True,
    description="How far each feature of a day lies from what the model in force learned from.",
)

BUCKETS = 8
MADE = pa.schema(
    [
        ("reading_date", pa.date32()),
        ("feature", pa.string()),
        ("stability_index", pa.float64()),
        ("machines", pa.int64()),
        ("rows", pa.int64()),
        ("model_id", pa.string()),
    ]
)


def model_drift(wear_features: DataFrame, trained_models: DataFrame) -> DataFrame:
    bucket = F.pmod(F.unix_date("reading_date"), F.lit(BUCKETS)).cast("bigint").alias("_bucket")
    return (
        wear_features.select("*", bucket)
        .groupBy("_bucket")
        .cogroup(models_by_bucket(trained_models, BUCKETS).groupBy("_bucket"))
        .applyInArrow(drift_of, from_arrow_schema(MADE))
    )


def drift_of(rows: pa.Table, models: pa.Table) -> pa.Table:
    """Of all days of a bucket."""
    parts = [MADE.empty_table()]
    for model, predictor, places in in_force(rows, models):
        of_model = rows.take(pa.array(places))

        days = of_model["reading_date"].to_numpy()
        for day in np.unique(days):
            here = of_model.filter(pa.array(days == day))
            index = population_stability(predictor.bins, here.select(list(predictor.features)).to_pandas())
            count, same = len(index), here.num_rows
            columns = {
                "reading_date": pa.array(np.repeat(day, count)).cast(pa.date32()),
                "feature": index.index.to_numpy(object),
                "stability_index": index.to_numpy().round(4),
                "machines": np.repeat(len(here["compressor_id"].unique()), count),
                "rows": np.repeat(same, count),
                "model_id": pa.repeat(model["model_id"], count),
            }
            parts.append(pa.table(columns, schema=MADE))
    return pa.concat_tables(parts)
