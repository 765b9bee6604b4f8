"""The fast path: a chunk straight into its bronze table, in one commit that cannot happen twice."""

import hashlib

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructField

from headrace.contracts.model import Contract
from headrace.contracts.schema import bronze_schema
from headrace.lake import log, objects
from headrace.lake.lease import Leases
from headrace.lake.paths import Paths
from headrace.refine.fit import ready_bronze
from simulation.generate.chunks import Chunk
from simulation.generate.writers import Written


def load(
    spark: SparkSession, rows: DataFrame, contract: Contract, chunk: Chunk, paths: Paths, leases: Leases
) -> Written:
    target = paths.table("bronze", contract.table)
    ready_bronze(lambda: spark, contract, target)
    source = f"generated:{chunk.name}"
    app = f"{paths.domain}.{source}.{contract.table}"
    if log.commit_of_batch(target, app, 1) is None:
        leases.check()
        once = {"txnAppId": app, "txnVersion": "1"}
        bronze_rows(rows, contract, source).write.format("delta").mode("append").options(**once).save(target)
    done = log.commit_of_batch(target, app, 1)
    metrics = done.metrics if done else {}
    written = Written(metrics.get("numOutputRows", 0), metrics.get("numOutputBytes", 0))
    name = hashlib.sha256(source.encode()).hexdigest()[:20]
    record = {"source": source, "lines": written.rows, "bytes": written.bytes, "set_aside": None}
    objects.put_json(f"{paths.files(contract.table)}/{name}.json", record)
    return written


def bronze_rows(rows: DataFrame, contract: Contract, source: str) -> DataFrame:
    technical = {"_source": F.lit(source), "_ingested_at": F.current_timestamp()}
    unread = F.col("_raw").isNotNull() if "_raw" in rows.columns else None

    def column(field: StructField) -> Column:
        if field.name in technical:
            return technical[field.name].alias(field.name)
        if field.name not in rows.columns:
            return F.lit(None).cast(field.dataType).alias(field.name)
        value = F.col(field.name)
        if unread is not None and not field.name.startswith("_"):
            value = F.when(~unread, value)
        return value.alias(field.name)

    return rows.select(*(column(field) for field in bronze_schema(contract)))
