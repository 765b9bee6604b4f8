"""DuckDB as we open it."""

from pathlib import Path

from headrace.lake.delta_rs import duckdb_connected
from headrace.settings import Settings


def test_what_does_not_fit_into_memory_is_spilled(tmp_path: Path) -> None:
    with duckdb_connected(Settings(home=tmp_path)) as db:
        db.execute("SET memory_limit = '30MB'")
        groups = "SELECT hash(range) AS h, count(*) AS n FROM range(1_000_000) GROUP BY h"
        db.execute(f"CREATE TEMP TABLE kept AS {groups}")
        assert db.execute("SELECT sum(n) FROM kept").fetchone() == (1_000_000,)
        assert any((tmp_path / "spill" / "duckdb").iterdir())


def test_memory_is_bounded_and_instants_are_in_utc(tmp_path: Path) -> None:
    with duckdb_connected(Settings(home=tmp_path)) as db:
        limit, zone = db.execute(
            "SELECT current_setting('memory_limit'), current_setting('TimeZone')"
        ).fetchone()
        assert (limit, zone) == ("1.8 GiB", "UTC")
