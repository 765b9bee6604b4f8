"""Sensor readings made into bronze, with their faults; the same rows thrown away; DuckDB copying them."""

import shutil
import time
from datetime import timedelta
from pathlib import Path
from statistics import median

from benchmarks.elsewhere import duckdb_seconds
from benchmarks.lake import DOMAIN, rows_of
from benchmarks.report import Row, spread

TABLE = "sensor_readings"


def measure(home: Path, runs: int) -> list[Row]:
    from headrace.contracts.load import load_contracts
    from headrace.lake.session import get_spark
    from headrace.settings import get_settings
    from simulation.generate.chunks import chunks_to_make
    from simulation.generate.plan import load_profile, world_of
    from simulation.generate.rows import RowFactory
    from simulation.generate.run import generate
    from simulation.generate.sources import load_sources

    here = home / "generate"
    settings = get_settings().model_copy(update={"home": here})
    plan = load_profile(DOMAIN, "bench").but(into="bronze", tables=(TABLE,))
    spark = get_spark(settings)
    generate(DOMAIN, plan.but(end=plan.start + timedelta(days=5)), settings)  # warms up
    rates, thrown, copied = [], [], []
    for _ in range(runs):
        shutil.rmtree(here / "lake", ignore_errors=True)
        shutil.rmtree(here / "truth", ignore_errors=True)
        began = time.monotonic()
        rows = generate(DOMAIN, plan, settings).rows
        rates.append(rows / (time.monotonic() - began))
        contracts = load_contracts(DOMAIN)
        factory = RowFactory(spark, contracts, load_sources(DOMAIN), world_of(plan, contracts))
        began = time.monotonic()
        for chunk in chunks_to_make(plan, contracts[TABLE], factory.world, ()):
            factory.rows(chunk).write.format("noop").mode("overwrite").save()
        thrown.append(rows / (time.monotonic() - began))
        copy = f"COPY (SELECT * FROM readings) TO '{here / 'copy.parquet'}' (COMPRESSION zstd)"
        seconds = duckdb_seconds(here, copy, readings=("bronze", TABLE))
        copied.append(rows_of(here, "bronze", TABLE) / seconds)
    rate, noop = median(rates), median(thrown)
    return [
        Row(
            "sensor readings generated into bronze, faults included",
            "400k rows/s and half of the noop rate",
            f"{spread(rates, 'rows/s')}, {rate / noop:.0%} of the noop rate",
            rate >= 400_000 and rate >= noop / 2,
            noop=spread(thrown, "rows/s"),
            duckdb=f"copying them to Parquet {spread(copied, 'rows/s')}",
        )
    ]
