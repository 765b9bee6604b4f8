"""Schema files of DLT StreamForge, to the letter, are contracts."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from headrace.contracts.model import Contract
from headrace.lake.paths import Paths
from headrace.settings import Settings
from simulation.generate.run import make
from tests.spark.simulation.generate.conftest import plan, written

SCHEMAS = {
    "equipment": """
        # schema/Energy/equipment.yml
        table: equipment
        type: dimension
        num_rows: 500
        columns:
          equipment_id: int
          equipment_name: 
            type: string
            format: "e######"
          equipment_type: 
            type: string
            format: "GAS_TURBINE|STEAM_TURBINE|WIND_TURBINE|SOLAR_PANEL"
          status: 
            type: string
            format: "OPERATIONAL|MAINTENANCE|OFFLINE|DECOMMISSIONED"
    """,
    "electricity_production": """
        # schema/Energy/electricity_production.yml
        table: electricity_production
        type: fact
        num_rows: 1000
        columns:
          production_id: int
          plant_id: int
          equipment_id: int
          timestamp: datetime
          generation_mwh: float
          weather_conditions: 
            type: string
            format: "CLEAR|CLOUDY|RAINY|STORMY|SNOWY"
    """,
    "customer_changes": """
        # schema/Energy/customer_changes.yml
        table: customer_changes
        type: change_feed
        num_rows: 100
        columns:
          change_id: int
          customer_id: int
          change_type:
            type: string
            format: "INSERT|UPDATE|DELETE"
          change_timestamp: datetime
          changed_fields: 
            type: array
            items: string
          attributes: {type: map, keys: string, values: int}
          name: string
          address: string
          city: string
          state: string
          zip: string
          tariff: {type: string, format: "RATE-##"}
          is_new: bool
    """,
}


@pytest.fixture(scope="module")
def tables(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, pd.DataFrame]:
    contracts: Mapping[str, Contract] = written(tmp_path_factory.mktemp("schema"), SCHEMAS)
    settings = Settings(home=tmp_path_factory.mktemp("forge"))
    make("forge", contracts, {}, plan(days=1), settings)
    paths = Paths.of("forge", settings)
    return {name: pd.read_parquet([*Path(paths.landing(name)).rglob("*.parquet")]) for name in contracts}


def test_ids_count_up_from_one(tables: Mapping[str, pd.DataFrame]) -> None:
    assert sorted(tables["equipment"]["equipment_id"]) == list(range(1, 501))
    made = sorted(tables["electricity_production"]["production_id"])
    assert made == list(range(made[0], made[0] + 1000))


def test_a_foreign_key_stays_within_its_dimension(tables: Mapping[str, pd.DataFrame]) -> None:
    used = tables["electricity_production"]["equipment_id"]
    assert used.between(1, 500).all()
    assert used.nunique() > 300


def test_formats_are_kept(tables: Mapping[str, pd.DataFrame]) -> None:
    equipment, changes = tables["equipment"], tables["customer_changes"]
    assert equipment["equipment_name"].str.fullmatch(r"e\d{6}").all()
    assert set(equipment["status"]) == {"OPERATIONAL", "MAINTENANCE", "OFFLINE", "DECOMMISSIONED"}
    assert set(changes["change_type"]) == {"INSERT", "UPDATE", "DELETE"}
    assert changes["tariff"].str.fullmatch(r"RATE-\d\d").all()


def test_numbers_have_the_usual_ranges(tables: Mapping[str, pd.DataFrame]) -> None:
    made = tables["electricity_production"]
    assert made["plant_id"].between(1, 9999).all()
    assert made["generation_mwh"].between(0, 1000).all()
    assert (made["generation_mwh"].round(2) == made["generation_mwh"]).all()


def test_names_say_what_a_column_holds(tables: Mapping[str, pd.DataFrame]) -> None:
    changes = tables["customer_changes"]
    assert changes["name"].str.fullmatch(r"[A-Z]\w+ [A-Z]\w+").all()
    assert changes["address"].str.fullmatch(r"\d+ [A-Z][\w ]+").all()
    assert changes["state"].str.fullmatch(r"[A-Z]{2}").all()
    assert changes["zip"].str.fullmatch(r"\d{5}").all()


def test_arrays_and_maps_are_filled(tables: Mapping[str, pd.DataFrame]) -> None:
    changes = tables["customer_changes"]
    assert changes["changed_fields"].map(len).eq(3).all()
    assert changes["attributes"].map(len).eq(2).all()
