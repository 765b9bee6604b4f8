"""Tables of the toy sector are as the slow reading of their bronze rows says, and a row that is not is found."""

from dataclasses import replace
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from typer.testing import CliRunner

from cli.main import app
from headrace.errors import NotReady, UnknownName, UsageError
from headrace.lake.session import get_spark
from headrace.refine.catalog import load_tables
from headrace.refine.silver import recycle
from headrace.serve import check_history as module
from headrace.serve.check_history import HistoryCheck, check_history
from headrace.settings import Settings, get_settings
from tests.spark.refine.conftest import PumpStation

FIRST, SECOND, THIRD = "20240131T000000", "20240203T000000", "20240205T000000"


def booking(number: str, op: str, at: int, passengers: int = 1) -> dict[str, Any]:
    own = {"booking_id": number, "op": op, "log_file": 1, "log_position": at}
    return own | {"vessel_id": "V1", "passengers": passengers, "before": None}


@pytest.fixture
def ferries(spark: SparkSession, settings: Settings) -> PumpStation:
    ferries = PumpStation(spark, settings, "ferries")
    ferries.lands("vessels", ["V1,Aurora,100", "V2,Boreas,80", "V3,Ceres,-5"], FIRST)
    ferries.lands("bookings", [booking("B1", "c", 1), booking("B2", "c", 2), booking("B2", "u", 5, 4)], FIRST)
    ferries.refine(tables=["vessels", "bookings"])
    ferries.lands("vessels", ["V1,Aurora,120", "V3,Ceres,50"], SECOND)
    ferries.lands(
        "bookings", [booking("B1", "d", 9), booking("B2", "u", 3, 7), booking("B3", "?", 1)], SECOND
    )
    ferries.refine(tables=["vessels", "bookings"])
    return ferries


def counts(found: HistoryCheck) -> tuple[int, ...]:
    return found.keys, found.keys_differ, found.versions, found.versions_differ


def not_to_be_started(*_: object) -> None:
    raise AssertionError("Spark was started")


def test_tables_that_agree_are_read_without_spark_and_a_changed_row_is_found(
    ferries: PumpStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(module, "get_spark", not_to_be_started)
        vessels, bookings = (
            check_history("ferries", name, settings=ferries.settings) for name in ("vessels", "bookings")
        )
    assert (counts(vessels), vessels.rows) == ((3, 0, 4, 0), 5)
    assert (counts(bookings), bookings.rows) == ((3, 0, 1, 0), 6)
    assert counts(check_history("ferries", "vessels", keys=2, settings=ferries.settings))[:2] == (2, 0)

    stored = DeltaTable(ferries.paths.table("silver", "vessels"))
    stored.update(predicate="vessel_id = 'V1' and is_current", updates={"seats": "121"})
    stored.delete("vessel_id = 'V2'")
    DeltaTable(ferries.paths.table("silver", "bookings")).update(updates={"booking_id": "'B9'"})
    vessels = check_history("ferries", "vessels", settings=ferries.settings)
    assert (counts(vessels), vessels.agrees) == ((1, 2, 2, 2), False)
    first, gone = sorted(vessels.differing, key=lambda each: each.key["vessel_id"])
    assert (gone.table, len(gone.reference)) == ([], 1)
    assert (first.key, first.rows, first.set_aside) == ({"vessel_id": "V1"}, 2, 0)
    assert [each["seats"] for each in first.table] == [100, 121]
    assert [each["seats"] for each in first.reference] == [100, 120]
    assert first.table[0]["effective_to"] == first.reference[0]["effective_to"]
    bookings = check_history("ferries", "bookings", samples=1, settings=ferries.settings)
    assert (counts(bookings), len(bookings.differing)) == ((2, 2, 0, 2), 1)

    monkeypatch.setenv("HEADRACE_HOME", str(ferries.settings.home))
    get_settings.cache_clear()
    shown = CliRunner().invoke(app, ["check-history", "ferries", "vessels"])
    get_settings.cache_clear()
    assert shown.exit_code == 1
    assert "vessel_id V1, 2 rows in bronze" in shown.output
    lines = [line.split() for line in shown.output.splitlines()]
    assert [line for line in lines if line in (["121"], ["120"])] == [["121"], ["120"]]


def test_a_function_that_makes_the_order_anew_is_asked(
    ferries: PumpStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its log counts backwards, so the last change is the first one to come."""

    def bookings(bronze_bookings: DataFrame) -> DataFrame:
        return bronze_bookings.withColumn("log_position", 100 - F.col("log_position"))

    catalog = load_tables("ferries")
    node = catalog.node("bookings", "silver")
    changed = replace(catalog, nodes={**catalog.nodes, node.ref: replace(node, function=bookings)})
    for user in ("headrace.refine.run", "headrace.serve.check_history"):
        monkeypatch.setattr(f"{user}.load_tables", lambda _: changed)
    monkeypatch.setattr(module, "get_spark", lambda _: get_spark(ferries.settings))
    lake = PumpStation(
        ferries.spark, ferries.settings.model_copy(update={"home": ferries.settings.home / "b"}), "ferries"
    )
    for sent, rows in (
        (FIRST, [booking("B1", "c", 9), booking("B1", "u", 3, 7)]),
        (SECOND, [booking("B1", "u", 5, 5)]),
    ):
        lake.lands("bookings", [*rows, booking("B2", "?", 1)], sent)
        lake.refine(tables=["bookings"])
    found = check_history("ferries", "bookings", settings=lake.settings)
    assert (counts(found), found.by_function) == ((2, 0, 1, 0), True)
    assert [row["passengers"] for row in lake.table("silver", "bookings").collect()] == [7]


def test_rows_that_were_set_aside_and_would_pass_now_are_told(
    spark: SparkSession, settings: Settings
) -> None:
    """Their parent came after them, and a later row of their key had its versions made again from all of them."""
    pumps = PumpStation(spark, settings)
    with pytest.raises(NotReady, match=r"silver[.]pumps is not made yet: run headrace refine pumps"):
        check_history("pumps", "pumps", settings=settings)
    pump = {"pump_id": "P1", "station_id": "S1", "max_bar": 10.0, "is_active": True}
    station = {"station_id": "S1", "station_name": "North", "is_open": True}
    pumps.lands("stations", [station | {"station_id": "S2"}], FIRST)
    pumps.lands("pumps", [pump, pump | {"pump_id": "P2"}], FIRST)
    pumps.refine(tables=["stations", "pumps"])
    pumps.lands("stations", [station], SECOND)
    pumps.lands("pumps", [pump | {"max_bar": 12.0}], SECOND)
    pumps.refine(tables=["stations", "pumps"])
    found = check_history("pumps", "pumps", settings=settings)
    assert (counts(found), found.by_mended, found.by_function) == ((2, 0, 2, 0), 1, True)
    recycle("pumps", "pumps", settings)
    found = check_history("pumps", "pumps", settings=settings)
    assert (counts(found), found.by_mended, found.by_function) == ((2, 0, 3, 0), 0, False)

    pumps.lands("pumps", [pump | {"max_bar": 14.0}], THIRD)
    pumps.refine(layers=["bronze"], tables=["pumps"])
    assert check_history("pumps", "pumps", settings=settings).waiting == 1


def test_tables_that_have_no_history_are_refused(settings: Settings) -> None:
    with pytest.raises(
        UsageError,
        match=r"ferries[.]positions is neither a history nor fed by changes; those are: ",
    ):
        check_history("ferries", "positions", settings=settings)
    with pytest.raises(
        UnknownName, match="no history or change-fed table named 'vessel'; did you mean vessels"
    ):
        check_history("ferries", "vessel", settings=settings)
