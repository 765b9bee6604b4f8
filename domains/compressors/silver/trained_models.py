"""The models of failures that won, each from a day on: none takes the place of another in what was predicted before."""

from pyspark.sql import DataFrame

from headrace.tables import Append, Table

TABLE = Table(
    key="model_id",
    partition="in_force_from",
    write=Append(),
    description="Trained models of failures, each with the day from which its predictions hold.",
    may_be_empty=True,
)


def trained_models(bronze_trained_models: DataFrame) -> DataFrame:
    return bronze_trained_models
