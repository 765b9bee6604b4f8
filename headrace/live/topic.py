"""A topic's messages as rows of a bronze table: one row per offset, whatever it holds."""

import json

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from headrace.contracts.model import Contract
from headrace.contracts.rules import KEY_DISAGREES
from headrace.lake.epochs import Epoch
from headrace.lake.offsets import FROM_TOPIC
from headrace.live.broker import offsets_now
from headrace.refine.bronze import as_bronze, ends_of_time, parsed_json
from headrace.settings import Settings

EARLIEST = -2
AT_ONCE = {  # before each fetch Spark asks where the partition begins and ends, so few large ones are wanted
    "kafka.max.poll.records": "20000",
    "kafka.max.partition.fetch.bytes": str(8 * 1024**2),
}
SIGNS = "software.amazon.msk.auth.iam"
MOVED = {"databricks": "shadedmskiam."}  # Databricks has it in its runtime, under a name of its own


def read_topic(spark: SparkSession, contract: Contract, settings: Settings, epoch: Epoch) -> DataFrame:
    """The stream of a table's topic, shaped as its bronze table."""
    messages = (
        spark.readStream.format("kafka")
        .options(**connection(settings), **AT_ONCE)
        .option("subscribe", str(contract.arrives.topic))
        .option("startingOffsets", _starts(contract, settings, epoch))
        .option("maxOffsetsPerTrigger", settings.max_offsets_per_trigger)
        .option("failOnDataLoss", "true")
        .load()
    )
    return as_rows(messages, contract)


def _starts(contract: Contract, settings: Settings, epoch: Epoch) -> str:
    """Partitions that came since an epoch began are read from their beginning."""
    if not epoch.starts:
        return settings.starting_offsets
    topic = str(contract.arrives.topic)
    known = dict.fromkeys(offsets_now(topic, settings), EARLIEST) | epoch.starts
    return json.dumps({topic: known})


def connection(settings: Settings) -> dict[str, str]:
    known = {"kafka.bootstrap.servers": settings.kafka_bootstrap}
    return known | (_signed(settings) if settings.kafka_security == "iam" else {})


def _signed(settings: Settings) -> dict[str, str]:
    signs = f"{MOVED.get(settings.spark, '')}{SIGNS}"
    return {
        "kafka.security.protocol": "SASL_SSL",
        "kafka.sasl.mechanism": "AWS_MSK_IAM",
        "kafka.sasl.jaas.config": f"{signs}.IAMLoginModule required;",
        "kafka.sasl.client.callback.handler.class": f"{signs}.IAMClientCallbackHandler",
    }


def as_rows(messages: DataFrame, contract: Contract) -> DataFrame:
    line = F.when(F.col("value").isNull(), "").otherwise(_readable("value"))
    lines = messages.select(
        line.alias("_line"),
        _readable("key").alias("_key"),
        F.concat(F.lit(FROM_TOPIC), F.col("topic")).alias("_source"),
        F.col("partition").alias("_partition"),
        F.col("offset").alias("_offset"),
        _within_calendar("timestamp").alias("_sent_at"),
    )
    sender = contract.sender_column
    parsed = parsed_json(lines, contract)
    if sender is not None:
        disagrees = F.col("_key").isNotNull() & (F.col("_key") != F.col(sender))
        told = F.concat(F.lit(KEY_DISAGREES), F.col("_key"), F.lit(" "), F.col("_line"))
        parsed = parsed.withColumn("_raw", F.coalesce(F.when(disagrees, told), "_raw"))
    return as_bronze(parsed, contract)


def _within_calendar(name: str) -> Column:
    """A producer may set any instant; what lies beyond is the last or the first that can be told."""
    first, last = ends_of_time("timestamp")
    return F.greatest(F.least(F.col(name), last), first)


def _readable(name: str) -> Column:
    """Bytes as text; what is none is kept in another spelling."""
    text = F.expr(f"is_valid_utf8(CAST({name} AS STRING))")
    return F.when(text, F.col(name).cast("string")).otherwise(F.concat(F.lit("base64:"), F.base64(name)))
