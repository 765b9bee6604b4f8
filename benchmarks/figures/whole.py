"""Profile bench, from nothing to gold with all scans; and the work on its readings in other hands."""

import time
from pathlib import Path

from benchmarks.lake import DOMAIN, begin_anew, bench_home, duckdb_seconds, table
from benchmarks.process import headrace
from benchmarks.report import Row, spread

JUDGE_IN_DUCKDB = """
COPY (
    SELECT r.*, s.sensor_type, s.warning_low, s.warning_high, s.critical_low, s.critical_high,
           CASE WHEN reading_value < critical_low OR reading_value > critical_high THEN 'CRITICAL'
                WHEN reading_value < warning_low OR reading_value > warning_high THEN 'WARNING'
                ELSE 'NORMAL' END AS alert_status
    FROM (SELECT DISTINCT ON (reading_id) * FROM readings WHERE reading_value IS NOT NULL) r
    JOIN sensors s ON r.sensor_id = s.sensor_id
    AND r.reading_timestamp < s.effective_to AND (s.version = 1 OR r.reading_timestamp >= s.effective_from)
    WHERE s.is_active
) TO '{}' (COMPRESSION zstd)
"""


def measure(home: Path, runs: int) -> list[Row]:
    here, taken = bench_home(home), []
    for _ in range(runs):
        begin_anew(here)
        ran = headrace(here, "demo", DOMAIN, "--profile", "bench")
        stages = ran.said["seconds"]
        taken.append(ran.seconds - stages.pop("score"))
    judged = duckdb_seconds(
        here,
        JUDGE_IN_DUCKDB.format(here / "judged.parquet"),
        readings=("bronze", "sensor_readings"),
        sensors=("silver", "sensors"),
    )
    return [
        Row(
            "profile bench: generate to gold, scans included (`headrace demo refinery --profile bench`)",
            "360 s at most",
            f"{spread(taken, 's')}, the last one "
            + ", ".join(f"{name} {took:.0f}" for name, took in stages.items()),
            max(taken) <= 360,
            noop=f"silver readings judged and thrown away {_judged_and_thrown_away(here):.0f} s",
            duckdb=f"silver readings alone {judged:.0f} s",
        )
    ]


def _judged_and_thrown_away(here: Path) -> float:
    from headrace.contracts.load import load_contracts
    from headrace.contracts.rules import with_reasons
    from headrace.lake.session import get_spark
    from headrace.refine.catalog import load_tables
    from headrace.settings import Settings

    spark = get_spark(Settings(home=here))
    node = load_tables(DOMAIN).node("sensor_readings", "silver")
    readings = spark.read.format("delta").load(table(here, "bronze", "sensor_readings"))
    sensors = spark.read.format("delta").load(table(here, "silver", "sensors"))
    began = time.monotonic()
    rows = node.function(with_reasons(readings, load_contracts(DOMAIN)["sensor_readings"]), sensors)
    rows.write.format("noop").mode("overwrite").save()
    return time.monotonic() - began
