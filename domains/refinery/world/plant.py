"""The plant as small frames, one row per refinery, unit and tank, numbered as their ids are.

Each refinery runs six grades that suit its complexity, and one slate of products by where it lies.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from domains.refinery.world.reference import at, listed, rows_of
from simulation.random_draws import World

GRADES = 6
UNITS_PER_REFINERY = 10
TANKS_PER_REFINERY = 4
TWO_TANKS_FROM_BPD = 450_000
SECOND_CRUDE_TANK = 0.6
CRUDES = sorted(
    rows_of("crude_types"),
    key=lambda row: float(row["api_gravity_typical"]) - 4 * float(row["sulfur_content_typical"]),
    reverse=True,
)
KINDS = rows_of("unit_types")
CRUDE_UNIT = "Atmospheric"


def number_of(key: str | Column) -> Column:
    """The number in an id such as UNIT-00012."""
    return F.regexp_extract(key, r"(\d+)$", 1).cast("long")


def id_of(letters: str, number: Column, digits: int) -> Column:
    """An id such as UNIT-00012; a larger number takes more digits."""
    figures = number.cast("string")
    padded = F.when(F.length(figures) < digits, F.lpad(figures, digits, "0")).otherwise(figures)
    return F.concat(F.lit(f"{letters}-"), padded)


def refinery_of(number: Column, per_refinery: int, world: World) -> Column:
    last = world.counts["refineries"] - 1
    return F.least(F.floor(number / per_refinery), F.lit(last)).cast("long")


def refinery_frame(refineries: DataFrame, world: World) -> DataFrame:
    number = number_of("refinery_id")
    states = {
        state: place for place, slate in enumerate(rows_of("slates")) for state in slate["states"].split()
    }
    slate = F.coalesce(*(F.when(F.col("location_state") == name, place) for name, place in states.items()))
    hardest = (F.col("complexity_index") - 5) / 10
    middle = 20 + 160 * hardest + world.uniform("grades", number, low=-15, high=15)
    grades = [
        F.round(middle + 9 * (place - 2.5) + world.uniform("grade", number, F.lit(place), low=-4, high=4))
        for place in range(GRADES)
    ]
    return refineries.select(
        number.alias("_refinery"),
        F.col("capacity_bpd").alias("_appetite"),
        crude_tanks(world, number, F.col("capacity_bpd")).alias("_turns"),
        F.col("is_active").alias("_runs"),
        slate.alias("_slate"),
        F.array(
            *(F.least(F.lit(len(CRUDES) - 1), F.greatest(F.lit(0), grade)).cast("int") for grade in grades)
        ).alias("_grades"),
    )


def crude_tanks(world: World, refinery: Column, appetite: Column) -> Column:
    """The numbers of a refinery's crude tanks, in the order in which they are filled and drawn: its first tank,
    and its second where one would not do."""
    first = refinery.cast("long") * TANKS_PER_REFINERY
    has_two = world.happens("second crude tank", refinery, rate=SECOND_CRUDE_TANK)
    return F.when(has_two | (appetite > TWO_TANKS_FROM_BPD), F.array(first, first + 1)).otherwise(
        F.array(first)
    )


def crude_tank_frame(storage_tanks: DataFrame) -> DataFrame:
    """Crude tanks with their place among those of their refinery."""
    tank, refinery = number_of("tank_id"), number_of("refinery_id")
    return storage_tanks.where(F.col("product_type") == "Crude Oil").select(
        tank.alias("_tank"),
        refinery.alias("_refinery"),
        F.col("capacity_barrels").alias("_holds"),
        (tank - refinery * TANKS_PER_REFINERY).alias("_place"),
    )


def unit_frame(processing_units: DataFrame, refineries: DataFrame, world: World) -> DataFrame:
    """Running units. `_slate` numbers their products: first the slates of crude units, then the other kinds."""
    kinds = [row["unit_subtype"] for row in KINDS]
    kind = F.array_position(listed(kinds), F.col("unit_subtype")) - 1
    is_crude = F.col("unit_subtype") == CRUDE_UNIT
    homes = refinery_frame(refineries, world).withColumnRenamed("_slate", "_home_slate")
    units = processing_units.where("is_active").select(
        number_of("unit_id").alias("_unit"),
        number_of("refinery_id").alias("_refinery"),
        kind.cast("int").alias("_kind"),
        is_crude.alias("_is_crude"),
        F.col("capacity_bpd").alias("_capacity"),
        F.col("design_efficiency").alias("_design"),
        F.col("maintenance_interval_days").alias("_interval"),
        (F.datediff(F.lit("2020-01-01").cast("date"), "installation_date") / 365.25).alias("_age_at_anchor"),
    )
    slate = F.when(F.col("_is_crude"), F.col("_home_slate")).otherwise(
        F.col("_kind") - 1 + len(rows_of("slates"))
    )
    return (
        units.join(F.broadcast(homes), on="_refinery", how="inner")
        .where("_runs")
        .withColumn("_slate", slate)
        .drop("_home_slate", "_runs")
    )


def product_lists() -> list[list[str]]:
    """The products of each slate, numbered as `_slate` is."""
    return [row["products"].split() for row in (*rows_of("slates"), *KINDS[1:])]


def crude(column: str, number: Column) -> Column:
    """A property of the crude with this place in the order from easy to hard."""
    values = [row[column] for row in CRUDES]
    is_text = not values[0].replace(".", "").replace("-", "").isdigit()
    return at(listed(values if is_text else [float(value) for value in values]), number)
