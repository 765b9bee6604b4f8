from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession


@pytest.fixture(autouse=True)
def few_tables_remembered(spark: SparkSession) -> Iterator[None]:
    """Delta remembers every table for an hour, a megabyte each, and each test makes a lake of its own."""
    yield
    assert spark._jvm is not None
    spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()
