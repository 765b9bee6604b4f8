"""The planners' model of the network below each transformer, a version for each change."""

from pyspark.sql import DataFrame

from headrace.tables import History, Table, with_parent

TABLE = Table(
    key="transformer_id",
    write=History(),
    description="Zone, metered share and calculated losses of each transformer, with their history.",
)


def network_model(bronze_network_model: DataFrame, transformer_master: DataFrame) -> DataFrame:
    transformers = transformer_master.select("transformer_id").distinct()
    return bronze_network_model.transform(with_parent, transformers, on="transformer_id")
