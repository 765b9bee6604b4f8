"""The batch tables alone, a tenth of full scale over a year."""

from pathlib import Path

from benchmarks.elsewhere import duckdb_seconds, thrown_away
from benchmarks.lake import BATCH_FACTS, DOMAIN, begin_anew, rows_of
from benchmarks.process import headrace
from benchmarks.report import Row, spread

DIMENSIONS = ("refineries", "processing_units", "storage_tanks", "crude_types", "products", "sensors")
SPAN = ("--scale", "0.1", "--from", "2024-01-01", "--to", "2024-12-31")


def measure(home: Path, runs: int) -> list[Row]:
    here, taken = home / "batch", []
    for _ in range(runs):
        begin_anew(here)
        tables = [word for name in (*DIMENSIONS, *BATCH_FACTS) for word in ("--table", name)]
        made = headrace(here, "generate", DOMAIN, *SPAN, *tables, "--yes")
        refined = headrace(here, "refine", DOMAIN)
        taken.append(made.seconds + refined.seconds)
    rows = sum(rows_of(here, "bronze", name) for name in BATCH_FACTS)
    copied = sum(
        duckdb_seconds(
            here, f"COPY (FROM t) TO '{here / name}.parquet' (COMPRESSION zstd)", t=("bronze", name)
        )
        for name in BATCH_FACTS
    )
    return [
        Row(
            f"the batch tables alone, 1/10 over one year ({rows / 1e6:.1f} M rows): generate to gold",
            "300 s at most",
            f"{spread(taken, 's')}, the last one {made.seconds:.0f} s generate + {refined.seconds:.0f} s refine",
            max(taken) <= 300,
            noop=f"judged and thrown away {thrown_away(here, BATCH_FACTS):.0f} s",
            duckdb=f"bronze copied to Parquet {copied:.0f} s",
        )
    ]
