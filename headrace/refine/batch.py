"""A micro-batch as the files it is made of.

Spark hands a batch over as opaque rows: every pass over it reads all columns of all files. The files are known to
its scan, though, and read from there a pass takes only the columns it needs, and filters reach the files.
"""

from collections.abc import Iterator
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql.types import StructType

SCAN = "org.apache.spark.sql.execution.datasources.FileScanRDD"


def as_files(rows: DataFrame, schema: StructType) -> DataFrame:
    """The same rows read from their files; the batch itself where its scan is not one of files."""
    files = list(dict.fromkeys(_files(rows)))  # a large file is read in several parts
    return rows.sparkSession.read.schema(schema).parquet(*files) if files else rows


def _files(rows: DataFrame) -> Iterator[str]:
    logical = rows._jdf.queryExecution().logical()
    if not logical.getClass().getName().endswith("LogicalRDD"):
        return
    for scan in _scans(logical.rdd()):
        partitions = scan.filePartitions()
        for place in range(partitions.size()):
            for file in partitions.apply(place).files():
                yield file.toPath().toString()


def _scans(rdd: Any) -> Iterator[Any]:
    if rdd.getClass().getName() == SCAN:
        yield rdd
        return
    parents = rdd.dependencies()
    for place in range(parents.size()):
        yield from _scans(parents.apply(place).rdd())
