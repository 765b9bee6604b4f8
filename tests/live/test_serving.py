"""A real PostgreSQL that `headrace serve` fills from tables which delta-rs has written."""

import os
import subprocess
import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest
import sqlglot
from deltalake import write_deltalake

from headrace.errors import Busy, HeadraceError, Transient, UsageError
from headrace.lake.paths import Paths
from headrace.serve import database_connection, database_dialects
from headrace.serve.database import Loaded, serve, statements
from headrace.settings import Settings, as_environment
from rehearsal.kafka import free_port
from rehearsal.postgres import Postgres, port_of

MONDAY = date(2024, 2, 5)
DOMAIN = "compressors"


class Fleet:
    """A lake of the compressors' tables in its own database of the server."""

    def __init__(self, home: Path, server: Postgres, name: str) -> None:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        self.url = server.url.replace("/headrace?", f"/{name}?")
        self.settings = Settings(home=home)
        self._paths = Paths.of(DOMAIN, self.settings)
        self.put("silver", "station_locations", [station("S1"), station("S2")])
        self.put("silver", "compressor_metadata", [machine(number) for number in range(1, 5)])
        self.put("silver", "maintenance_logs", [])
        self.put("gold", "alert_history", [])
        self.put("gold", "data_quality", [quality()])
        self.put("gold", "ml_predictions", [])
        self.put("gold", "sensor_hours", [hour(1, 0), hour(2, 0), hour(1, 24), hour(2, 24)])

    def put(self, layer: str, table: str, rows: list[dict[str, Any]], only: date | None = None) -> None:
        schema = pa.schema(SCHEMAS[table])
        partition = "reading_date" if "reading_date" in schema.names else None
        write_deltalake(
            self._paths.table(layer, table),
            pa.Table.from_pylist(rows, schema),
            mode="overwrite",
            partition_by=[partition] if partition else None,
            predicate=f"reading_date = '{only}'" if only else None,
            schema_mode=None if only else "overwrite",
        )

    def served(self, **options: Any) -> dict[str, Loaded]:
        return {each.table: each for each in serve(DOMAIN, self.settings, self.url, **options)}

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(sql).fetchall()  # type: ignore[arg-type]

    def do(self, sql: str) -> None:
        with psycopg.connect(self.url) as connection:
            connection.execute(sql)  # type: ignore[arg-type]


@pytest.fixture
def fleet(tmp_path: Path, postgres: Postgres, request: pytest.FixtureRequest) -> Fleet:
    return Fleet(tmp_path / "home", postgres, f"d{sha256(request.node.name.encode()).hexdigest()[:12]}")


def station(name: str) -> dict[str, Any]:
    return {"station_id": name, "station_name": f"Station {name}", "city": "Ödön's \"town\"", "state": "", "latitude": 32.0,
            "longitude": -97.0, "is_current": True}  # fmt: skip


def machine(number: int) -> dict[str, Any]:
    return {"compressor_id": f"COMP-{number:03d}", "station_id": "S1" if number < 4 else "S2", "station_name": "Station",
            "model": "JGE/4", "rated_horsepower": 1380.0, "is_current": True}  # fmt: skip


def hour(number: int, hours: int, status: str = "normal", vibration: float | None = 2.0) -> dict[str, Any]:
    start = datetime(2024, 2, 5, tzinfo=UTC) + timedelta(hours=hours)
    return dict.fromkeys(SERVED_NUMBERS, 1.0) | {
        "compressor_id": f"COMP-{number:03d}", "hour_start": start, "reading_date": start.date(), "readings": 6,
        "minutes_run": 60, "status": status, "mean_vibration_mms": vibration, "_run": "r1",
    }  # fmt: skip


def alert(number: int, severity: str, kind: str = "limit") -> dict[str, Any]:
    return {
        "alert_id": f"A{number}", "compressor_id": f"COMP-{number:03d}", "station_id": "S1", "severity": severity,
        "kind": kind, "signal": "vibration", "raised_at": datetime(2024, 2, 5, tzinfo=UTC), "is_on": True,
    }  # fmt: skip


def quality() -> dict[str, Any]:
    return {"station_id": "S1", "hour_start": datetime(2024, 2, 5, tzinfo=UTC), "reading_date": MONDAY, "freshness": 1.0,
            "accuracy": float("nan")}  # fmt: skip


INSTANT = pa.timestamp("us", "UTC")
SERVED_NUMBERS = [
    f"{kind}_{signal}"
    for kind in ("mean", "max")
    for signal in ("vibration_mms", "discharge_temp_f", "suction_pressure_psi", "discharge_pressure_psi",
                   "horsepower_consumption", "gas_flow_mcf")
] + ["mean_pressure_differential"]  # fmt: skip
SCHEMAS: dict[str, list[Any]] = {
    "station_locations": [
        *((name, pa.string()) for name in ("station_id", "station_name", "city", "state")),
        *((name, pa.float64()) for name in ("latitude", "longitude")), ("is_current", pa.bool_()),
    ],
    "compressor_metadata": [
        *((name, pa.string()) for name in ("compressor_id", "station_id", "station_name", "model")),
        ("rated_horsepower", pa.float64()), ("is_current", pa.bool_()),
    ],
    "maintenance_logs": [("log_id", pa.string()), ("compressor_id", pa.string()), ("started_at", INSTANT)],
    "alert_history": [
        *((name, pa.string()) for name in ("alert_id", "compressor_id", "station_id", "signal", "kind", "severity", "acknowledged_by")),
        ("raised_at", INSTANT),
        ("is_on", pa.bool_()),
    ],
    "ml_predictions": [
        ("compressor_id", pa.string()), ("predicted_at", INSTANT), ("reading_date", pa.date32()),
        ("failure_within_48h", pa.float64()),
    ],
    "data_quality": [
        ("station_id", pa.string()), ("hour_start", INSTANT), ("reading_date", pa.date32()), ("freshness", pa.float64()),
        ("accuracy", pa.float64()),
    ],
    "sensor_hours": [
        ("compressor_id", pa.string()), ("hour_start", INSTANT), ("reading_date", pa.date32()), ("readings", pa.int64()),
        ("minutes_run", pa.int32()), ("status", pa.string()), ("_run", pa.string()),
        *((name, pa.float64()) for name in SERVED_NUMBERS),
    ],
}  # fmt: skip


def test_a_server_is_started_once_and_found_again() -> None:
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o755)
        server = Postgres(Path(home) / "postgres", free_port())
        for _ in range(2):  # the second time it finds its tables again
            server.up()
            server.up()
            assert Postgres(server.home, port_of(server.home) or 0).is_up()
            with psycopg.connect(server.url) as connection:
                assert connection.execute("SHOW timezone").fetchone() == ("UTC",)
            assert server.down()
            assert not server.is_up()
        assert not server.down()
    assert ":" not in server.url.partition("@")[0].removeprefix("postgresql:")  # no password


def test_the_database_holds_what_the_lake_holds(fleet: Fleet) -> None:
    done = fleet.served()
    assert done["sensor_readings_agg"].outcome == "created"
    assert fleet.ask("SELECT count(*), min(hour_start) FROM compressors.sensor_readings_agg") == [
        (4, datetime(2024, 2, 5, tzinfo=UTC))
    ]
    assert fleet.ask("SELECT city, state FROM compressors.station_locations WHERE station_id = 'S1'") == [
        ('Ödön\'s "town"', "")
    ]
    assert fleet.ask("SELECT accuracy::text, freshness FROM compressors.data_quality_metrics") == [
        ("NaN", 1.0)
    ]
    columns = "SELECT column_name FROM information_schema.columns WHERE table_schema = 'compressors' AND table_name = "
    assert ("_run",) not in fleet.ask(f"{columns}'sensor_readings_agg'")


def test_doing_it_again_changes_nothing(fleet: Fleet) -> None:
    fleet.served()
    before = fleet.ask("SELECT name, version, loaded_at FROM compressors.headrace_loads ORDER BY 1")
    assert {each.outcome for each in fleet.served().values()} == {"unchanged"}
    assert fleet.ask("SELECT name, version, loaded_at FROM compressors.headrace_loads ORDER BY 1") == before


def test_only_the_days_that_changed_are_taken(fleet: Fleet) -> None:
    fleet.served()
    fleet.do("UPDATE compressors.sensor_readings_agg SET readings = 0 WHERE reading_date = '2024-02-05'")
    new = [hour(1, 24, vibration=None), hour(3, 24), hour(2, 25)]
    fleet.put("gold", "sensor_hours", new, only=MONDAY + timedelta(days=1))
    done = fleet.served()["sensor_readings_agg"]
    assert (done.days, done.inserted, done.updated, done.deleted) == (1, 2, 1, 1)
    found = fleet.ask(
        "SELECT compressor_id, readings, mean_vibration_mms FROM compressors.sensor_readings_agg ORDER BY hour_start, 1"
    )
    assert found == [
        ("COMP-001", 0, 2.0), ("COMP-002", 0, 2.0),  # of another day: not looked at
        ("COMP-001", 6, None), ("COMP-003", 6, 2.0), ("COMP-002", 6, 2.0),
    ]  # fmt: skip


def test_a_row_that_comes_to_another_day_is_updated(fleet: Fleet) -> None:
    fleet.served()
    tuesday = MONDAY + timedelta(days=1)
    moved = hour(1, 0) | {"reading_date": tuesday}
    fleet.put("gold", "sensor_hours", [moved, hour(1, 24), hour(2, 24)], only=tuesday)
    done = fleet.served()["sensor_readings_agg"]
    assert (done.inserted, done.updated, done.deleted) == (0, 1, 0)
    assert fleet.ask(
        "SELECT count(*), count(DISTINCT (compressor_id, hour_start)) FROM compressors.sensor_readings_agg"
    ) == [(4, 4)]


def test_rows_that_stay_the_same_are_not_written(fleet: Fleet) -> None:
    fleet.served()
    written = "SELECT xmin::text FROM compressors.sensor_readings_agg ORDER BY hour_start, compressor_id"
    before = fleet.ask(written)
    fleet.put("gold", "sensor_hours", [hour(1, 24), hour(2, 24)], only=MONDAY + timedelta(days=1))
    assert fleet.served()["sensor_readings_agg"].outcome == "unchanged"
    assert fleet.ask(written) == before


def test_a_warning_does_not_hide_a_critical_machine(fleet: Fleet) -> None:
    fleet.put(
        "gold",
        "sensor_hours",
        [hour(1, 0, "critical"), hour(2, 0, "warning"), hour(3, 0), hour(1, 1, "warning")],
    )
    fleet.put(
        "gold", "alert_history", [alert(2, "warning"), alert(3, "critical"), alert(4, "warning", "silent")]
    )
    fleet.served()
    summary = "SELECT station_id, machines, critical_machines, warning_machines, unknown_machines, alerts_on, worst_status"
    assert fleet.ask(f"{summary} FROM compressors.v_fleet_health_summary ORDER BY 1") == [
        ("S1", 3, 1, 2, 0, 2, "critical"),
        ("S2", 1, 0, 0, 1, 0, "unknown"),
    ]
    assert fleet.ask("SELECT compressor_id, status FROM compressors.v_latest_readings ORDER BY 1") == [
        ("COMP-001", "warning"), ("COMP-002", "warning"), ("COMP-003", "normal"),
    ]  # fmt: skip
    assert fleet.ask("SELECT compressor_id, severity FROM compressors.v_active_alerts ORDER BY 1") == [
        ("COMP-002", "warning"), ("COMP-003", "critical"), ("COMP-004", "warning"),
    ]  # fmt: skip


def test_columns_come_go_and_change_their_kind(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.served()
    columns = [each for each in SCHEMAS["sensor_hours"] if each[0] not in ("readings", "max_gas_flow_mcf")]
    monkeypatch.setitem(
        SCHEMAS, "sensor_hours", [*columns, ("readings", pa.float64()), ("note", pa.string())]
    )
    fleet.put("gold", "sensor_hours", [hour(1, 0) | {"readings": 5.5, "note": "late"}])
    assert fleet.served()["sensor_readings_agg"].outcome == "created"
    assert fleet.ask("SELECT readings, note FROM compressors.sensor_readings_agg") == [(5.5, "late")]
    with pytest.raises(psycopg.errors.UndefinedColumn):
        fleet.ask("SELECT max_gas_flow_mcf FROM compressors.sensor_readings_agg")
    assert (
        len(fleet.ask("SELECT * FROM compressors.v_latest_readings")) == 4 - 3
    )  # of one machine alone an hour is known


def test_a_value_too_long_changes_nothing_and_the_next_run_catches_up(fleet: Fleet) -> None:
    fleet.served()
    fleet.put("gold", "sensor_hours", [hour(1, 24)], only=MONDAY + timedelta(days=1))
    fleet.put("silver", "maintenance_logs", [{"log_id": "L1", "compressor_id": "C" * 51}])
    with pytest.raises(HeadraceError, match=r"too long.*compressor_id.*Nothing was changed.*serving\.yml"):
        fleet.served()
    assert fleet.ask("SELECT count(*) FROM compressors.sensor_readings_agg") == [(4,)]
    fleet.put("silver", "maintenance_logs", [{"log_id": "L1", "compressor_id": "COMP-001"}])
    done = fleet.served()
    assert (done["sensor_readings_agg"].deleted, done["maintenance_events"].inserted) == (1, 1)


def test_a_migration_that_fails_half_way_leaves_the_tables_as_they_were(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.served()
    fleet.do("CREATE VIEW public.mine AS SELECT max_gas_flow_mcf FROM compressors.sensor_readings_agg")
    columns = [each for each in SCHEMAS["sensor_hours"] if each[0] != "max_gas_flow_mcf"]
    monkeypatch.setitem(SCHEMAS, "sensor_hours", [*columns, ("note", pa.string())])
    fleet.put("gold", "sensor_hours", [hour(1, 0)])
    with pytest.raises(HeadraceError, match=r"mine depends on.*Nothing was changed"):
        fleet.served()
    assert len(fleet.ask("SELECT max_gas_flow_mcf FROM compressors.sensor_readings_agg")) == 4
    assert len(fleet.ask("SELECT * FROM compressors.v_latest_readings")) == 2
    fleet.do("DROP VIEW public.mine")
    assert fleet.served()["sensor_readings_agg"].outcome == "created"


def test_a_table_with_totals_has_no_key_and_is_replaced_day_by_day(fleet: Fleet) -> None:
    total = quality() | {"station_id": None}
    fleet.put(
        "gold", "data_quality", [quality(), total, total | {"reading_date": MONDAY + timedelta(days=1)}]
    )
    fleet.served()
    fleet.put("gold", "data_quality", [quality() | {"freshness": 0.5}, total], only=MONDAY)
    done = fleet.served()["data_quality_metrics"]
    assert (done.days, done.inserted, done.deleted) == (1, 2, 2)
    fleet.put("gold", "data_quality", [total, quality() | {"freshness": 0.5}], only=MONDAY)
    assert fleet.served()["data_quality_metrics"].outcome == "unchanged"
    found = fleet.ask(
        "SELECT station_id, freshness FROM compressors.data_quality_metrics ORDER BY freshness, 1"
    )
    assert found == [("S1", 0.5), (None, 1.0), (None, 1.0)]


def test_what_others_have_added_stays_and_what_they_dropped_comes_back(fleet: Fleet) -> None:
    fleet.served()
    fleet.do("CREATE TABLE compressors.notes (mine text)")
    fleet.do("CREATE INDEX mine ON compressors.alert_history (signal)")
    fleet.do("DROP VIEW compressors.v_active_alerts")
    assert {each.outcome for each in fleet.served().values()} == {"unchanged"}
    assert fleet.ask("SELECT * FROM compressors.v_active_alerts") == []
    assert fleet.ask("SELECT count(*) FROM pg_indexes WHERE indexname = 'mine'") == [(1,)]
    assert fleet.ask("SELECT has_table_privilege('headrace_reader', 'compressors.notes', 'SELECT')") == [
        (False,)
    ]


def test_a_comment_that_is_reworded_makes_no_table_anew(fleet: Fleet) -> None:
    fleet.served()
    fleet.do("COMMENT ON COLUMN compressors.sensor_readings_agg.readings IS 'as it was worded before'")
    fleet.do("CREATE VIEW public.mine AS SELECT readings FROM compressors.sensor_readings_agg")
    assert fleet.served()["sensor_readings_agg"].outcome == "unchanged"
    fleet.do("DROP VIEW public.mine")


def test_a_connection_that_is_lost_half_way_is_told_and_nothing_is_changed(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.served()
    fleet.put("gold", "sensor_hours", [hour(1, 24)], only=MONDAY + timedelta(days=1))
    settled = database_dialects.Postgres._settled

    def cut_off(dialect: database_dialects.Postgres, *given: Any) -> database_dialects.Counts:
        fleet.do(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'headrace serve'"
        )
        return settled(dialect, *given)

    with monkeypatch.context() as patch:
        patch.setattr(database_dialects.Postgres, "_settled", cut_off)
        with pytest.raises(Transient, match="the connection was lost"):
            fleet.served()
    assert fleet.ask("SELECT count(*) FROM compressors.sensor_readings_agg") == [(4,)]
    assert fleet.served()["sensor_readings_agg"].deleted == 1


def test_a_table_of_somebody_else_is_left_alone(fleet: Fleet) -> None:
    fleet.do("CREATE SCHEMA compressors")
    fleet.do("CREATE TABLE compressors.alert_history (mine text)")
    with pytest.raises(HeadraceError, match=r"compressors\.alert_history: made by somebody else"):
        fleet.served()
    assert fleet.ask("SELECT * FROM compressors.alert_history") == []


def test_readers_may_read_and_no_more(fleet: Fleet) -> None:
    fleet.served(reader="plant_readers")
    with psycopg.connect(fleet.url) as connection:
        connection.execute("SET ROLE plant_readers")
        assert connection.execute("SELECT count(*) FROM compressors.v_latest_readings").fetchone() == (2,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM compressors.alert_history")


def test_a_user_without_rights_is_told_which(fleet: Fleet) -> None:
    fleet.do("CREATE ROLE poor LOGIN PASSWORD 'hushhush'")
    poor = fleet.url.partition("?")[0].replace("headrace@", "poor:hushhush@")
    with pytest.raises(HeadraceError, match="lacks a right: permission denied for database") as told:
        serve(DOMAIN, fleet.settings, poor)
    assert "hushhush" not in str(told.value)
    fleet.do("DROP ROLE poor")


@pytest.mark.parametrize("way", ["wrong password", "down", "no such database"])
def test_a_database_that_is_not_reached(fleet: Fleet, way: str) -> None:
    _, _, place = fleet.url.partition("?")[0].partition("@")
    _, _, name = place.partition("/")
    url = {
        "wrong password": f"postgresql://headrace:hushhush@{place}",
        "down": f"postgresql://headrace:hushhush@127.0.0.1:{free_port()}/{name}",
        "no such database": fleet.url.replace(f"/{name}", "/nothing"),
    }[way]
    with pytest.raises(HeadraceError) as told:
        serve(DOMAIN, fleet.settings, url)
    assert "hushhush" not in str(told.value)
    assert isinstance(told.value, Transient) == (way == "down"), str(told.value)


def test_no_record_of_a_command_and_no_log_has_the_password(fleet: Fleet, tmp_path: Path) -> None:
    url = f"postgresql://headrace:hushhush@{fleet.url.partition('?')[0].partition('@')[2]}"
    there = {**os.environ, **as_environment(fleet.settings)}
    for command in (["serve", DOMAIN, "--to", url], ["runs"]):
        ran = subprocess.run(
            [sys.executable, "-m", "cli.main", *command], env=there, capture_output=True, text=True
        )
        assert "hushhush" not in ran.stdout + ran.stderr
    refused = subprocess.run(
        [sys.executable, "-m", "cli.main", "runs"],
        env={**there, "HEADRACE_SERVE_URL": url},
        capture_output=True,
        text=True,
    )
    assert "holds a password" in refused.stderr
    assert "hushhush" not in refused.stderr
    files = [each for each in fleet.settings.home.rglob("*") if each.is_file() and each.suffix != ".parquet"]
    assert any("serve" in each.read_text(errors="replace") for each in files)
    assert not any("hushhush" in each.read_text(errors="replace") for each in files)


def test_two_runs_do_not_meet(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.served()
    lock = database_dialects.Postgres.lock

    def meet(dialect: database_dialects.Dialect, name: str) -> None:
        lock(dialect, name)  # type: ignore[arg-type]
        monkeypatch.setattr(database_dialects.Postgres, "lock", lock)
        with pytest.raises(Busy):
            fleet.served()

    monkeypatch.setattr(database_dialects.Postgres, "lock", meet)
    fleet.served()


@pytest.mark.parametrize("what", ["a lock", "a statement"])
def test_a_slow_database_is_given_up(fleet: Fleet, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    fleet.served()
    fleet.put("gold", "sensor_hours", [hour(1, 24)], only=MONDAY + timedelta(days=1))
    if what == "a lock":
        monkeypatch.setattr(database_connection, "WAITS_FOR_LOCKS", 1)
    else:
        fleet.settings = fleet.settings.model_copy(update={"serve_seconds": 1})
    with psycopg.connect(fleet.url) as other:
        other.execute("LOCK TABLE compressors.sensor_readings_agg")
        with pytest.raises(
            Transient, match="lock on a table" if what == "a lock" else "HEADRACE_SERVE_SECONDS"
        ):
            fleet.served()
    assert fleet.served()["sensor_readings_agg"].deleted == 1


def test_sql_server_gets_statements_that_it_reads(fleet: Fleet) -> None:
    texts = statements(DOMAIN, fleet.settings, "mssql")
    parsed = [sqlglot.parse(text.removesuffix("\nGO"), read="tsql") for text in texts]
    kinds = [each.key for tree in parsed for each in tree if each is not None]
    assert kinds.count("merge") == 7
    assert kinds.count("create") == 1 + 7 + 9 + 3, kinds  # the schema, tables, indexes and views
    create = next(text for text in texts if "CREATE TABLE compressors.sensor_readings_agg" in text)
    assert "compressor_id NVARCHAR(50) NOT NULL" in create
    assert "hour_start DATETIMEOFFSET NOT NULL" in create
    assert "reading_date DATE" in create
    assert not any("NTEXT" in text for text in texts)
    assert all(text.endswith(";\nGO") for text in texts)
    assert "WHEN NOT MATCHED BY SOURCE AND t.[reading_date] IN" in "\n".join(texts)


def test_a_url_of_another_kind_is_refused(fleet: Fleet) -> None:
    for url in ("sqlite:///x.db", "nonsense"):
        with pytest.raises(UsageError):
            serve(DOMAIN, fleet.settings, url)
