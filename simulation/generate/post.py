"""A chunk as the messages of a topic, put into the outbox that a producer sends from."""

import shutil
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.contracts.model import Contract
from headrace.lake.lease import Leases
from headrace.lake.paths import Paths
from simulation.generate.chunks import Chunk
from simulation.generate.lines import line_of
from simulation.generate.writers import Written

HELD = timedelta(seconds=10)  # messages of so long leave in any order


def as_topic(contract: Contract) -> Contract:
    """The contract as its messages keep it: JSON, sent at once."""
    arrives = contract.arrives.model_copy(update={"files": "json", "landed": HELD})
    return contract.model_copy(update={"arrives": arrives})


def post(rows: DataFrame, contract: Contract, chunk: Chunk, paths: Paths, leases: Leases) -> Written:
    """`key`, `value` and `send_at`, an instant of the source's own time, in the order in which they leave."""
    leases.check()
    folder = Path(paths.outbox(contract.table)) / chunk.name
    scratch = folder.with_name(f"_{folder.name}")
    shutil.rmtree(scratch, ignore_errors=True)
    sender = contract.sender_column
    messages = rows.select(
        (F.col(sender) if sender else F.lit(None).cast("string")).alias("key"),
        F.coalesce("_raw", line_of(contract)).alias("value"),
        F.col("_sent_at").alias("send_at"),
    )
    messages.write.parquet(str(scratch))
    shutil.rmtree(folder, ignore_errors=True)
    scratch.replace(folder)
    files = list(folder.glob("part-*.parquet"))
    return Written(
        sum(pq.ParquetFile(file).metadata.num_rows for file in files),
        sum(file.stat().st_size for file in files),
    )
