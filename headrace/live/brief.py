"""Tells Delta how much of a live table's past to keep: fewer checkpoints, and what left it for as long as its files.

VACUUM goes by the lines that checkpoints carry of files that left. Where a line is gone it goes by the file's own age,
so a file of last week that was joined a minute ago would be removed at once.
"""

from collections.abc import Iterable

from deltalake import DeltaTable
from pyspark.sql import SparkSession

from headrace.lake import log
from headrace.lake.paths import as_s3
from headrace.settings import Settings

CHECKPOINT_EVERY = 50


def keep_brief(spark: SparkSession, tables: Iterable[str], settings: Settings) -> None:
    """Does nothing where it is said already; a table that is not there yet is told when the job starts next."""
    wanted = wanted_properties(settings)
    for table in tables:
        if log.exists(table) and not wanted.items() <= _said(table).items():
            listed = ", ".join(f"'{name}' = '{value}'" for name, value in wanted.items())
            spark.sql(f"ALTER TABLE delta.`{table}` SET TBLPROPERTIES ({listed})")


def wanted_properties(settings: Settings) -> dict[str, str]:
    return {
        "delta.checkpointInterval": str(CHECKPOINT_EVERY),
        "delta.deletedFileRetentionDuration": f"interval {settings.hours_kept} hours",
    }


def _said(table: str) -> dict[str, str]:
    return dict(DeltaTable(as_s3(table)).metadata().configuration)
