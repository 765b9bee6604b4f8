"""Crude grades and their typical assay, with the density that the API gravity stands for."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from domains.refinery.measures import density_kg_m3
from headrace.tables import Table, Upsert, rejected_when

TABLE = Table(key="crude_type_id", write=Upsert(order="_sent_at"), description="Crude grades on the market.")


def crude_types(bronze_crude_types: DataFrame) -> DataFrame:
    sulfur = F.col("sulfur_content_typical")
    return bronze_crude_types.transform(
        rejected_when("sulfur_content_typical is no percentage", (sulfur < 0) | (sulfur > 100))
    ).select("*", density_kg_m3("api_gravity_typical").alias("density_typical_kg_m3"))
