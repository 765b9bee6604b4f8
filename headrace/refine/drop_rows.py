"""Live files as rows of a bronze table: one row per line, whatever it holds. A file's ending says how it is read."""

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from headrace.contracts.model import Contract
from headrace.contracts.schema import source_schema
from headrace.refine.bronze import as_bronze, parsed_csv, parsed_json
from headrace.refine.dropped import FROM_FOLDER, Dropped


def read_drops(spark: SparkSession, contract: Contract, folder: str, files: Sequence[Dropped]) -> DataFrame:
    kinds = sorted({file.kind for file in files})
    each = (
        _read(spark, contract, kind, folder, [f"{folder}/{file.name}" for file in files if file.kind == kind])
        for kind in kinds
    )
    return reduce(DataFrame.unionByName, (as_bronze(rows, contract) for rows in each))


def _read(spark: SparkSession, contract: Contract, kind: str, folder: str, urls: list[str]) -> DataFrame:
    reader = spark.read.option("recursiveFileLookup", "true")  # else folders named a=b would be columns
    if kind == "parquet":
        rows = reader.schema(source_schema(contract)).parquet(*urls)
        place = F.col("_metadata.row_index").alias("_offset")
        return rows.select("*", F.lit(None).cast("string").alias("_raw"), place, *_origin(folder))
    lines = reader.option("lineSep", "\n").text(urls).select(_line(), *_origin(folder))
    return parsed_json(lines, contract) if kind == "json" else parsed_csv(lines, contract)


def _line() -> Column:
    """The text; bytes that are none are kept in another spelling."""
    text, spelled = F.expr("rtrim('\\r', value)"), F.concat(F.lit("base64:"), F.base64("value"))
    return F.when(F.expr("is_valid_utf8(value)"), text).otherwise(spelled).alias("_line")


def _origin(folder: str) -> list[Column]:
    parent, table = folder.rsplit("/", 2)[-2:]
    name = F.substring_index(F.col("_metadata.file_path"), f"/{parent}/{table}/", -1)
    return [
        F.concat(F.lit(FROM_FOLDER), name).alias("_source"),
        F.col("_metadata.file_modification_time").alias("_sent_at"),
    ]
