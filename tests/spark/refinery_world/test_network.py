"""What holds of two refineries holds of fifty."""

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from simulation.generate.chunks import Chunk
from simulation.generate.row_index import Piece
from simulation.generate.rows import RowFactory
from tests.spark.refinery_world.conftest import DAY, START

KEYS = {
    "refineries": "refinery_id",
    "processing_units": "unit_id",
    "sensors": "sensor_id",
}


@pytest.fixture(scope="module")
def readings(network: RowFactory) -> DataFrame:
    contract = network.contracts["sensor_readings"]
    piece = Piece(START, START + DAY, 0, network.world.counts["sensors"], contract.arrives.times)
    rows = network.clean_rows(Chunk("sensor_readings", piece, is_first=True))
    return rows.select(*KEYS.values()).persist()


def strangers(rows: DataFrame, parents: DataFrame, *keys: str) -> int:
    """Rows of which no parent has the same keys."""
    return rows.join(F.broadcast(parents.select(*keys).distinct()), on=list(keys), how="left_anti").count()


def test_every_refinery_has_a_crude_tank_that_holds_its_charge_of_a_day(network: RowFactory) -> None:
    refineries, tanks = network.argument("refineries"), network.argument("storage_tanks")
    crude = tanks.where(F.col("product_type") == "Crude Oil")
    held = crude.groupBy("refinery_id").agg(F.sum("capacity_barrels").alias("held"))
    enough = refineries.join(held, on="refinery_id", how="inner").where(F.col("held") > F.col("capacity_bpd"))
    assert (refineries.count(), enough.count()) == (50, 50)


def test_every_refinery_has_a_crude_unit(network: RowFactory) -> None:
    crude = network.argument("processing_units").where(F.col("unit_subtype") == "Atmospheric")
    assert crude.select("refinery_id").distinct().count() == 50


@pytest.mark.parametrize("table", ["processing_units", "storage_tanks", "sensors"])
def test_every_part_belongs_to_a_refinery(table: str, network: RowFactory) -> None:
    assert strangers(network.argument(table), network.argument("refineries"), "refinery_id") == 0


def test_every_sensor_sits_on_a_unit_of_its_refinery(network: RowFactory) -> None:
    sensors, units = network.argument("sensors"), network.argument("processing_units")
    assert sensors.count() == 50_000
    assert strangers(sensors, units, "unit_id", "refinery_id") == 0


def test_every_reading_names_its_sensor_with_the_unit_and_refinery_it_sits_on(
    network: RowFactory, readings: DataFrame
) -> None:
    assert readings.count() > 50_000
    assert strangers(readings, network.argument("sensors"), *KEYS.values()) == 0


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("processing_units", "maintenance_interval_days"),
        ("sensors", "reading_interval_seconds"),
        ("storage_tanks", "capacity_barrels"),
    ],
)
def test_a_number_from_a_list_is_one_of_it(table: str, column: str, network: RowFactory) -> None:
    allowed = network.contracts[table].columns[column].allowed
    assert network.argument(table).where(~F.col(column).isin(*allowed)).count() == 0
