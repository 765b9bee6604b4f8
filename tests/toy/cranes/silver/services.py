"""Services of cranes, as people write them down."""

from pyspark.sql import DataFrame

from headrace.tables import Append, Table

TABLE = Table(write=Append(), key="service_id", description="Services.")


def services(bronze_services: DataFrame) -> DataFrame:
    return bronze_services
