"""Ids, joins and places are those of the source document."""

import numpy as np
import pandas as pd

from domains.grid.world.network import customers_of, transformer_of
from simulation.random_draws import World
from tests.unit.grid_world.conftest import START, Grid, Made


def first_versions(rows: pd.DataFrame, key: str) -> pd.DataFrame:
    return rows.drop_duplicates(key).set_index(key)


def test_ids_are_spelled_as_in_the_source_document(made: Made) -> None:
    transformers, customers = made("transformer_master"), made("customer_master")

    assert transformers.transformer_id.str.fullmatch(r"TRF-[NSEWC]-\d{4}").all()
    assert transformers.substation_id.str.fullmatch(r"SUB-[NSEWC]-\d{3}").all()
    assert customers.customer_id.str.fullmatch(r"CUST-\d{6}").all()
    assert customers.meter_id.str.fullmatch(r"SM-[NSEWC]-\d{5}").all()
    assert {"CUST-000001", "CUST-000120"} <= set(customers.customer_id)
    assert set(made("renewable_production").plant_id) >= {"REN-SOLAR-001", "REN-WIND-003", "REN-HYDRO-002"}


def test_the_full_world_has_the_counts_of_the_source_document() -> None:
    world = Grid(1.0, days=1)
    transformers = world.rows("transformer_master")

    assert transformers.transformer_id.nunique() == 500
    assert transformers.substation_id.nunique() == 250
    assert world.rows("renewable_production", 0, 1 / 24).plant_id.nunique() == 90


def test_a_customer_is_fed_by_a_transformer_of_their_region(made: Made) -> None:
    transformers = first_versions(made("transformer_master"), "transformer_id")
    customers = first_versions(made("customer_master"), "customer_id")
    feeds = transformers.loc[customers.transformer_id]

    assert (feeds.region.to_numpy() == customers.region).all()
    assert (feeds.state.to_numpy() == customers.state).all()
    assert customers.groupby("transformer_id").size().between(1, 4).all()
    assert customers.meter_id.is_unique


def test_whom_a_transformer_feeds_is_the_inverse_of_who_feeds_whom() -> None:
    for customers, transformers in ((1000, 500), (20, 10), (1003, 497), (12_345, 5_000)):
        world = World(7, START, START, {"customer_master": customers, "transformer_master": transformers})
        place, customer = customers_of(world, np.arange(transformers))

        assert sorted(customer) == list(range(customers))
        assert (transformer_of(world, customer) == place).all()


def test_coordinates_lie_in_the_state() -> None:
    transformers = first_versions(Grid(1.0, days=1).rows("transformer_master"), "transformer_id")
    kerala, punjab = (transformers[transformers.state == state] for state in ("Kerala", "Punjab"))

    assert len(kerala) > 10
    assert kerala.latitude.between(8, 13).all()
    assert kerala.longitude.between(74, 78).all()
    assert len(punjab) > 10
    assert punjab.latitude.between(29, 33).all()
    assert punjab.longitude.between(73, 77).all()
