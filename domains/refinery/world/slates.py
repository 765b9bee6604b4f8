"""What units make: the products of each slate with their yields and what the crude does to them."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from domains.refinery.world.plant import product_lists
from domains.refinery.world.reference import at, listed, rows_of

PRODUCTS = {row["product_id"]: row for row in rows_of("products")}
# category: how much more of it ten degrees lighter a crude gives, and a per cent of sulphur more
LEANING = {
    "Gasoline": (0.10, -0.012),
    "Feedstock": (0.12, -0.01),
    "Gas": (0.14, -0.01),
    "Jet Fuel": (0.05, -0.012),
    "Diesel": (0.02, -0.015),
    "Distillate": (0.0, -0.01),
    "Residual": (-0.35, 0.05),
    "Solid": (-0.40, 0.05),
    "Lubricant": (-0.12, -0.02),
    "Byproduct": (0.0, 0.10),
    "Petrochemical": (0.10, -0.01),
}
AVERAGE_API, AVERAGE_SULFUR = 33.0, 1.2


def product_of_hour(slate: Column, hour: Column, turns: Column) -> Column:
    """The main product goes round the slate. It moves on only when all crude tanks had their turn, so that
    each product meets each crude."""
    products = at(listed(product_lists()), slate)
    return F.get(products, (F.floor(hour / turns) % F.size(products)).cast("int"))


def property_of_hour(column: str, slate: Column, hour: Column, turns: Column) -> Column:
    lists = [[float(PRODUCTS[name][column]) for name in names] for names in product_lists()]
    return _in_turn(lists, slate, hour, turns)


def crude_yield(slate: Column, hour: Column, turns: Column, api: Column, sulfur: Column) -> Column:
    """Of the hour's main product, at an efficiency of one."""
    leanings = [[LEANING[PRODUCTS[name]["product_category"]] for name in names] for names in product_lists()]
    lighter = _in_turn([[lean[0] for lean in row] for row in leanings], slate, hour, turns)
    sourer = _in_turn([[lean[1] for lean in row] for row in leanings], slate, hour, turns)
    lean = 1.0 + lighter * (api - AVERAGE_API) / 10 + sourer * (sulfur - AVERAGE_SULFUR)
    usual = property_of_hour("typical_yield_pct", slate, hour, turns)
    return usual * F.greatest(F.lit(0.2), F.least(lean, F.lit(1.8)))


def tank_product(slate: Column, product_type: Column, draw: Column) -> tuple[Column, Column]:
    """A product of this type that the refinery makes, and its usual yield."""
    names, yields = F.lit(None).cast("string"), F.lit(None).cast("double")
    for kind in ("Gasoline", "Diesel", "Jet Fuel", "Residual"):
        made = [
            [name for name in slate_row["products"].split() if PRODUCTS[name]["product_category"] == kind]
            for slate_row in rows_of("slates")
        ]
        shares = [[float(PRODUCTS[name]["typical_yield_pct"]) for name in row] for row in made]
        place = F.floor(draw * F.size(at(listed(made), slate))).cast("int")
        names = F.when(product_type == kind, F.get(at(listed(made), slate), place)).otherwise(names)
        yields = F.when(product_type == kind, F.get(at(listed(shares), slate), place)).otherwise(yields)
    return names, yields


def _in_turn(lists: list[list[float]], slate: Column, hour: Column, turns: Column) -> Column:
    values = at(listed(lists), slate)
    return F.get(values, (F.floor(hour / turns) % F.size(values)).cast("int"))
