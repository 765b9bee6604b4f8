"""Gases in the oil of transformers as laboratories report them; of a sample the newest report holds."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Table, Upsert, rejected_when, with_parent

TABLE = Table(
    key="sample_id",
    event_time="sampled_at",
    write=Upsert(order="reported_date"),
    description="Dissolved gases of each oil sample, by the newest report of the laboratory.",
)


def gas_analyses(bronze_gas_analyses: DataFrame, transformer_master: DataFrame) -> DataFrame:
    transformers = transformer_master.select("transformer_id").distinct()
    early = F.col("reported_date") < F.to_date("sampled_at")
    return bronze_gas_analyses.transform(with_parent, transformers, on="transformer_id").transform(
        rejected_when("reported before it was sampled", early)
    )
