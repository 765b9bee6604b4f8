"""Tells Delta to keep little of a live table's past: fewer checkpoints, and no long list of files that were joined.

Of each file that left a table its checkpoints carry a line for a week. A table written every second, whose files are
joined, would write a million such lines with every tenth commit.
"""

from collections.abc import Iterable

from deltalake import DeltaTable
from pyspark.sql import SparkSession

from headrace.lake import log
from headrace.settings import Settings

CHECKPOINT_EVERY = 50
SHORTEST_MINUTES = 10


def keep_brief(spark: SparkSession, tables: Iterable[str], settings: Settings) -> None:
    """Does nothing where it is said already; a table that is not there yet is told when the job starts next."""
    wanted = wanted_properties(settings)
    for table in tables:
        if log.exists(table) and not wanted.items() <= _said(table).items():
            listed = ", ".join(f"'{name}' = '{value}'" for name, value in wanted.items())
            spark.sql(f"ALTER TABLE delta.`{table}` SET TBLPROPERTIES ({listed})")


def wanted_properties(settings: Settings) -> dict[str, str]:
    minutes = max(round(settings.live_log_hours * 60), SHORTEST_MINUTES)
    return {
        "delta.checkpointInterval": str(CHECKPOINT_EVERY),
        "delta.deletedFileRetentionDuration": f"interval {minutes} minutes",
    }


def _said(table: str) -> dict[str, str]:
    return dict(DeltaTable(table.replace("s3a://", "s3://", 1)).metadata().configuration)
