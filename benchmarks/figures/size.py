"""What a reading takes on disk, after maintenance."""

from datetime import timedelta
from pathlib import Path

from benchmarks.elsewhere import duckdb_seconds
from benchmarks.lake import DOMAIN, rows_of, table
from benchmarks.report import Row

TABLE = "sensor_readings"


def measure(home: Path, runs: int) -> list[Row]:  # noqa: ARG001 - a size does not vary
    from headrace.operate.maintain import maintain
    from headrace.settings import get_settings
    from simulation.generate.plan import load_profile
    from simulation.generate.run import generate

    here = home / "size"
    settings = get_settings().model_copy(update={"home": here})
    plan = load_profile(DOMAIN, "bench").but(into="bronze", tables=(TABLE,))
    generate(DOMAIN, plan.but(end=plan.start + timedelta(days=14)), settings)
    maintain(DOMAIN, tables=[TABLE], layers=["bronze"], settings=settings)
    rows, size = rows_of(here, "bronze", TABLE), _bytes(here)
    copy = here / "copy.parquet"
    duckdb_seconds(here, f"COPY (SELECT * FROM t) TO '{copy}' (COMPRESSION zstd)", t=("bronze", TABLE))
    return [
        Row(
            "bytes of a reading in bronze, after maintenance",
            "15 at most",
            f"{size / rows:.1f} bytes ({rows:,} rows)",
            size / rows <= 15,
            duckdb=f"copied by DuckDB to zstd Parquet {copy.stat().st_size / rows:.1f} bytes",
        )
    ]


def _bytes(here: Path) -> int:
    import pyarrow as pa
    import pyarrow.compute as pc
    from deltalake import DeltaTable

    adds = pa.table(DeltaTable(table(here, "bronze", TABLE)).get_add_actions(flatten=True))
    return int(pc.sum(adds.column("size_bytes")).as_py())
