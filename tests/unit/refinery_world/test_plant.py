"""The plant is one that could be built."""

from collections.abc import Callable

import numpy as np
import pandas as pd

Dimension = Callable[[str], pd.DataFrame]


def test_every_foreign_key_of_the_dimensions_holds(dimension: Dimension) -> None:
    refineries = set(dimension("refineries").refinery_id)
    assert set(dimension("processing_units").refinery_id) <= refineries
    assert set(dimension("storage_tanks").refinery_id) <= refineries


def test_crude_units_together_charge_the_capacity_of_their_refinery(dimension: Dimension) -> None:
    units = dimension("processing_units").query("unit_subtype == 'Atmospheric'")
    charged = units.groupby("refinery_id").capacity_bpd.sum()
    assert charged.to_dict() == dimension("refineries").set_index("refinery_id").capacity_bpd.to_dict()


def test_every_refinery_has_crude_tanks_for_days_of_its_charge(dimension: Dimension) -> None:
    crude = dimension("storage_tanks").query("product_type == 'Crude Oil'")
    held = crude.groupby("refinery_id").capacity_barrels.sum()
    appetite = dimension("refineries").set_index("refinery_id").capacity_bpd
    assert (held.reindex(appetite.index) > 4 * appetite).all()


def test_a_tank_measures_what_it_can_hold(dimension: Dimension) -> None:
    tanks = dimension("storage_tanks")
    barrels = np.pi / 4 * tanks.diameter_feet**2 * tanks.height_feet / 5.6146
    assert np.allclose(barrels, tanks.capacity_barrels, rtol=0.01)
    assert tanks.diameter_feet.between(100, 350).all()


def test_no_maintenance_lies_in_the_future_of_its_row(dimension: Dimension) -> None:
    served = pd.to_datetime(dimension("processing_units").last_maintenance_date)
    assert (served <= "2024-01-01").all()


def test_the_lists_arrive_whole(dimension: Dimension) -> None:
    crudes, products = dimension("crude_types"), dimension("products")
    assert (len(crudes), crudes.crude_type_id.nunique()) == (200, 200)
    assert (len(products), products.product_id.nunique()) == (50, 50)
    assert crudes.loc[0, "crude_name"] == "West Texas Intermediate"
    assert crudes.loc[0, "api_gravity_typical"] == 39.6
