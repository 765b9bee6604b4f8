"""The truth: which faults were planted. Only scoring may read it.

One folder per table and chunk, replaced whole, so a chunk made twice counts once.
"""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from headrace.contracts.model import Contract
from headrace.lake import objects
from headrace.lake.paths import Paths
from simulation.generate.fault_injection import Strike

SCHEMA = T.StructType(
    [
        T.StructField("table", T.StringType()),
        T.StructField("kind", T.StringType()),
        T.StructField("key", T.StringType()),
        T.StructField("column", T.StringType()),
        T.StructField("from_at", T.TimestampType()),
        T.StructField("to_at", T.TimestampType()),
        T.StructField("detail", T.StringType()),
        T.StructField("chunk", T.StringType()),
    ]
)


def read_truth(spark: SparkSession, paths: Paths) -> DataFrame:
    """Every planted fault once: an episode that reaches into two chunks is recorded by both."""
    files = [each for each in objects.list_under(f"{paths.truth}/planted") if each.endswith(".parquet")]
    if not files:
        return spark.createDataFrame([], SCHEMA)
    return (
        spark.read.schema(SCHEMA)
        .parquet(*files)
        .dropDuplicates(["table", "kind", "key", "column", "from_at", "to_at", "detail"])
    )


def write_truth(truth: DataFrame, paths: Paths, table: str, chunk: str) -> None:
    scratch, target = f"{paths.truth}/_making/{table}/{chunk}", f"{paths.truth}/planted/{table}/{chunk}"
    objects.delete_under(scratch)
    truth.withColumn("chunk", F.lit(chunk)).select(*SCHEMA.fieldNames()).coalesce(1).write.parquet(scratch)
    objects.delete_under(target)
    for file in objects.list_under(scratch):
        objects.move(file, f"{target}{file.removeprefix(scratch)}")


def truth_of_rows(rows: DataFrame, contract: Contract, strikes: list[Strike]) -> DataFrame:
    """One row per struck row. A second copy counts as a duplicate and not also as its first copy's fault."""
    has_copies = "_second" in rows.columns
    at = F.timestamp_seconds("_second") if has_copies else F.col("_at")
    kind = _looked_up([strike.kind for strike in strikes])
    counts = F.col("_strike").isNotNull()
    if has_copies:
        kind = F.when(F.col("_copy"), F.lit("duplicate")).otherwise(kind)
        counts = counts != F.col("_copy")
    else:
        counts = counts & ((kind == "duplicate") == F.col("_copy"))
    truth = F.struct(
        F.lit(contract.table).alias("table"),
        kind.alias("kind"),
        F.col("_key").alias("key"),
        _looked_up([strike.column for strike in strikes]).alias("column"),
        at.alias("from_at"),
        at.alias("to_at"),
        F.to_json(_detail()).alias("detail"),
    )
    chance = sum(strike.rate for strike in strikes)
    likely = rows.where((F.col("_roll") < chance) | F.col("_copy"))
    # through an array: the optimiser would push a plain filter, with all it refers to, into all rows
    listed = likely.select(F.explode_outer(F.array(F.when(counts, truth))).alias("_truth"))
    return listed.where(F.col("_truth").isNotNull()).select("_truth.*")


def _looked_up(names: Sequence[str | None]) -> Column:
    return F.get(F.array(*(F.lit(name).cast("string") for name in names)), F.col("_strike"))


def _detail() -> Column:
    """`was` is the value before, `line` the broken text."""
    return F.struct(
        F.lit("row").alias("scope"),
        F.col("_was").alias("was"),
        F.col("_sent_at").alias("sent_at"),
        F.col("_raw").alias("line"),
    )


def truth_of_episodes(episodes: DataFrame, contract: Contract, key: Column, sender: str) -> DataFrame:
    column = F.when(F.col("kind").isin("gap", "late"), F.lit(sender)).otherwise(F.lit(contract.measure))
    more = [name for name in ("side", "severity") if name in episodes.columns]
    detail = F.struct(F.lit("sender").alias("scope"), F.round("strength", 4).alias("strength"), *more)
    return episodes.select(
        F.lit(contract.table).alias("table"),
        "kind",
        key.alias("key"),
        column.alias("column"),
        F.timestamp_seconds("from").alias("from_at"),
        F.timestamp_seconds("to").alias("to_at"),
        F.to_json(detail).alias("detail"),
    )


def truth_of_hidden(rows: DataFrame, planted: dict[str, str]) -> DataFrame:
    """Rows of a hidden source as truth, by the columns it names."""
    named = {planted[name] for name in ("key", "from_at", "to_at")}
    rest = [name for name in rows.columns if name not in named and not name.startswith("_")]
    detail = F.to_json(F.struct(F.lit("sender").alias("scope"), *rest))
    return rows.select(
        F.lit(planted["table"]).alias("table"),
        F.lit(planted["kind"]).alias("kind"),
        F.col(planted["key"]).alias("key"),
        F.lit(planted["key"]).alias("column"),
        F.col(planted["from_at"]).alias("from_at"),
        F.col(planted["to_at"]).alias("to_at"),
        detail.alias("detail"),
    )
