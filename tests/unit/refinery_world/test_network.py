"""What holds of three refineries holds of fifty."""

from collections.abc import Callable

import pandas as pd
import pytest

from simulation.generate.row_index import Piece
from simulation.generate.row_maker import RowMaker
from tests.unit.refinery_world.conftest import DAY, START
from tests.unit.worlds import as_pandas, rows_of

Table = Callable[[str], pd.DataFrame]
KEYS = ["refinery_id", "unit_id", "sensor_id"]


@pytest.fixture(scope="module")
def table(network: RowMaker) -> Table:
    return lambda name: as_pandas(network.argument(name), network, name)


def strangers(rows: pd.DataFrame, parents: pd.DataFrame, *keys: str) -> int:
    """Rows of which no parent has the same keys."""
    return (
        rows.merge(parents[[*keys]].drop_duplicates(), how="left", indicator=True)["_merge"] != "both"
    ).sum()


def test_every_refinery_holds_days_of_crude(table: Table) -> None:
    """At its usual level; what the largest lack is room for a fourth crude tank."""
    crude = table("storage_tanks").query("product_type == 'Crude Oil'")
    held = crude.assign(usable=crude.capacity_barrels * (0.7 - crude.min_operating_level))
    days = (
        held.groupby("refinery_id").usable.sum() / table("refineries").set_index("refinery_id").capacity_bpd
    )
    assert len(days) == 50
    assert days.min() > 2
    assert days.median() > 4


def test_every_refinery_has_a_crude_unit_and_a_tank_for_products(table: Table) -> None:
    assert table("processing_units").query("unit_subtype == 'Atmospheric'").refinery_id.nunique() == 50
    assert table("storage_tanks").query("product_type != 'Crude Oil'").refinery_id.nunique() == 50


@pytest.mark.parametrize("name", ["processing_units", "storage_tanks", "sensors"])
def test_every_part_belongs_to_a_refinery(name: str, table: Table) -> None:
    assert strangers(table(name)[["refinery_id"]], table("refineries"), "refinery_id") == 0


def test_every_sensor_sits_on_a_unit_of_its_refinery(table: Table) -> None:
    sensors = table("sensors")
    assert len(sensors) == 50_000
    assert (
        strangers(sensors[["unit_id", "refinery_id"]], table("processing_units"), "unit_id", "refinery_id")
        == 0
    )


def test_every_reading_names_its_sensor_with_the_unit_and_refinery_it_sits_on(
    network: RowMaker, table: Table
) -> None:
    piece = Piece(START, START + DAY, 0, network.world.counts["sensors"])
    readings = rows_of(network, "sensor_readings", piece, is_first=True)[KEYS]
    assert len(readings) > 50_000
    assert strangers(readings, table("sensors"), *KEYS) == 0


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("processing_units", "maintenance_interval_days"),
        ("sensors", "reading_interval_seconds"),
        ("storage_tanks", "capacity_barrels"),
    ],
)
def test_a_number_from_a_list_is_one_of_it(name: str, column: str, table: Table, network: RowMaker) -> None:
    assert table(name)[column].isin(network.contracts[name].columns[column].allowed).all()


def test_the_limits_of_a_sensor_lie_inside_its_range_and_in_their_order(table: Table) -> None:
    rows = table("sensors")
    order = ["min_value", "critical_low", "warning_low", "warning_high", "critical_high", "max_value"]
    steps = rows[order].diff(axis=1).iloc[:, 1:]
    assert (steps >= 0).all().all()
    assert (rows.warning_low < rows.warning_high).all()
    assert (rows.critical_high < rows.max_value).all()


def test_instruments_fit_their_units(table: Table) -> None:
    """No vacuum column at a thousand pounds, no flow beyond what the unit passes."""
    rows = table("sensors").merge(
        table("processing_units")[["unit_id", "unit_subtype", "capacity_bpd"]], on="unit_id"
    )
    psi = rows[rows.measurement_unit == "PSI"]
    assert psi[psi.unit_subtype == "Vacuum"].max_value.max() <= 5
    assert psi[psi.unit_subtype == "Full Conversion"].max_value.min() > 2000
    flows = rows[rows.measurement_unit == "BPH"]
    assert (flows.warning_high <= 1.35 * flows.capacity_bpd / 24).all()
    assert (flows.max_value <= 2.5 * flows.capacity_bpd / 24).all()
