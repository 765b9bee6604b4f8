from collections.abc import Callable, Iterator
from functools import cache

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import types as T

from headrace.refine.catalog import load_tables
from headrace.refine.dictionary import shapes
from headrace.writes.node import Ref

ShapesOf = Callable[[str], dict[Ref, T.StructType]]


@pytest.fixture(autouse=True)
def few_tables_remembered(spark: SparkSession) -> Iterator[None]:
    """Delta remembers every table for an hour, a megabyte each, and each test makes a lake of its own."""
    yield
    assert spark._jvm is not None
    spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()


@pytest.fixture(scope="session")
def shapes_of(spark: SparkSession) -> ShapesOf:
    """The columns of all tables of a domain: each table's function is planned for them, so they are asked for once."""
    return cache(lambda domain: shapes(load_tables(domain), spark))
