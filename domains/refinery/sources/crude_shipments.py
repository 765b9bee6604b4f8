"""Crude shipments, sent again at each step of their course.

The row index only tells of which refineries and days: whatever happened to any shipment in them is sent. The first
day also carries the shipments under way or just delivered.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from domains.refinery.world.assays import parcel_api, parcel_sulfur, parcel_water
from domains.refinery.world.campaigns import crude_of_tank
from domains.refinery.world.cargo import LATEST_HOURS, LONGEST_DAYS, tank_hours, with_course, with_volume
from domains.refinery.world.failures import HOUR, instant_of
from domains.refinery.world.plant import CRUDES, crude, id_of, refinery_frame
from domains.refinery.world.prices import brent
from domains.refinery.world.reference import at, listed, rows_of
from simulation.random_draws import ANCHOR_SECONDS, World, seconds

KEPT_DAYS = 4
BACK_HOURS = LATEST_HOURS + KEPT_DAYS * 24
AHEAD_HOURS = (LONGEST_DAYS + 1) * 24
MARGIN_HOURS = 48
SUPPLIERS = 50
VESSELS = (
    *("MT Pacific Star", "MT Atlantic Grace", "MT Gulf Spirit", "MT Ocean Pride"),
    *("MT Coastal Dawn", "MT Marine King", "MT Sea Fortune", "MT Tanker Alpha"),
)
AT_END = 59 * 60
DAY = 86_400


def crude_shipments(
    row_index: DataFrame,
    processing_units: DataFrame,
    refineries: DataFrame,
    storage_tanks: DataFrame,
    world: World,
) -> DataFrame:
    pieces = piece_frame(row_index, world)
    around = (
        F.floor(F.col("_begin") / HOUR).cast("long") - BACK_HOURS - MARGIN_HOURS,
        F.floor(F.col("_finish") / HOUR).cast("long") + AHEAD_HOURS + MARGIN_HOURS,
    )
    spans = pieces.select("_refinery", around[0].alias("_from"), around[1].alias("_to"))
    homes = refinery_frame(refineries, world).select("_refinery", "_grades")
    return (
        tank_hours(spans, processing_units, refineries, storage_tanks, world)
        .transform(with_volume, world)
        .where(F.col("_is_due") & F.col("_volume").isNotNull())
        .join(F.broadcast(homes), on="_refinery", how="inner")
        .transform(with_course, world)
        .transform(with_cargo, world)
        .join(F.broadcast(pieces), on="_refinery", how="inner")
        .transform(only_events_of_piece, world)
        .transform(as_rows, world)
    )


def piece_frame(row_index: DataFrame, world: World) -> DataFrame:
    """The stretch of time to tell of each refinery, in seconds since the anchor: whole days from the start of
    the world, so that stretches made one by one neither overlap nor leave a gap."""
    start, end = (seconds(instant) - ANCHOR_SECONDS for instant in (world.start, world.end))
    at = F.col("_at").cast("long") - ANCHOR_SECONDS
    first, last = (F.floor((found - start) / DAY).cast("long") for found in (F.min(at), F.max(at)))
    return row_index.groupBy(F.col("_index").cast("long").alias("_refinery")).agg(
        (first * DAY + start).alias("_begin"), F.least((last + 1) * DAY + start, F.lit(end)).alias("_finish")
    )


def with_cargo(parcels: DataFrame, world: World) -> DataFrame:
    """Adds the crude by its number, and its price."""
    number = crude_of_tank(world, F.col("_tank"), F.col("_place"), F.col("_grades"), F.col("_due"))
    haggle = world.normal("haggle", "_refinery", "_parcel", sd=0.5)
    price = (
        brent(world, instant_of(F.col("_left")))
        + crude("benchmark_price_differential", F.col("_crude"))
        + haggle
    )
    return parcels.withColumn("_crude", number).withColumn("_price", F.round(price, 2))


def only_events_of_piece(parcels: DataFrame, world: World) -> DataFrame:
    """One row per step of a shipment that falls into the piece, with `_status` and `_second` since the anchor."""
    minutes = world.integer("minute", "_refinery", "_parcel", low=0, high=58) * 60
    is_late = F.col("_arrived") >= F.col("_due") + 24
    scheduled, left = (F.col(name) * HOUR + minutes for name in ("_scheduled", "_left"))
    due, arrived = (F.col(name) * HOUR + AT_END for name in ("_due", "_arrived"))
    steps = F.array(
        _step("SCHEDULED", scheduled, left),
        _step("IN_TRANSIT", left, F.when(is_late, due).otherwise(arrived)),
        _step("DELAYED", F.when(is_late, due), arrived),
        _step("DELIVERED", arrived, arrived + KEPT_DAYS * 24 * HOUR),
    )
    told = parcels.withColumn("_step", F.explode(steps)).select("*", "_step.*")
    is_told = (F.col("_second") >= F.col("_begin")) & (F.col("_second") < F.col("_finish"))
    is_first_piece = F.col("_begin") == seconds(world.start) - ANCHOR_SECONDS
    is_still_so = is_first_piece & (F.col("_second") < F.col("_begin")) & (F.col("_until") >= F.col("_begin"))
    return told.where(is_told | is_still_so)


def _step(status: str, second: Column, until: Column) -> Column:
    return F.struct(F.lit(status).alias("_status"), second.alias("_second"), until.alias("_until"))


def as_rows(events: DataFrame, world: World) -> DataFrame:
    home, parcel, number, mode = (F.col(name) for name in ("_refinery", "_parcel", "_crude", "_mode"))
    happened = F.timestamp_seconds(F.col("_second") + F.lit(ANCHOR_SECONDS))
    is_known_late = F.col("_status").isin("DELAYED", "DELIVERED")
    created = F.col("_scheduled") * HOUR + world.integer("minute", home, parcel, low=0, high=58) * 60
    is_loaded = F.col("_status") != "SCHEDULED"
    vessel = at(listed(VESSELS), world.integer("vessel", home, parcel, low=0, high=len(VESSELS) - 1))
    return events.select(
        happened.alias("_at"),
        F.greatest(happened, F.lit(world.start).cast("timestamp")).alias("_sent"),
        id_of("SHIP", parcel * F.lit(world.counts["refineries"]) + home, 7).alias("shipment_id"),
        id_of("REF", home, 3).alias("refinery_id"),
        crude("crude_type_id", number).alias("crude_type_id"),
        id_of("SUPP", world.integer("supplier", home, parcel, low=1, high=SUPPLIERS), 3).alias("supplier_id"),
        F.when(mode.isin("Tanker", "Barge"), vessel).alias("vessel_name"),
        mode.alias("transport_mode"),
        _port(world, number).alias("origin_port"),
        F.to_date(instant_of(F.col("_left"))).alias("shipment_date"),
        F.to_date(instant_of(F.when(is_known_late, F.col("_arrived")).otherwise(F.col("_due")))).alias(
            "arrival_date"
        ),
        F.to_date(instant_of(F.col("_due"))).alias("expected_arrival_date"),
        F.col("_volume").cast("int").alias("volume_barrels"),
        F.when(is_loaded, parcel_api(world, home, parcel, number)).alias("api_gravity_actual"),
        F.when(is_loaded, parcel_sulfur(world, home, parcel, number)).alias("sulfur_content_actual"),
        F.when(is_loaded, parcel_water(world, home, parcel)).alias("water_content_pct"),
        F.col("_price").alias("price_per_barrel"),
        F.round(F.col("_price") * F.col("_volume"), 2).alias("total_cost"),
        id_of("TANK", F.col("_tank"), 5).alias("destination_tank_id"),
        F.col("_status").alias("status"),
        F.timestamp_seconds(created + F.lit(ANCHOR_SECONDS)).alias("created_at"),
        happened.alias("updated_at"),
    )


def _port(world: World, number: Column) -> Column:
    """The hub of the crude's country; crude from the United States is loaded at one of three."""
    hubs = {row["origin_country"]: row["origin_port"] for row in rows_of("ports")}
    own = at(listed([hubs[row["origin_country"]] for row in CRUDES]), number)
    american = world.choice(
        "american port", "_refinery", "_parcel", values=("Houston", "Corpus Christi", "Louisiana Offshore")
    )
    return F.when(crude("origin_country", number) == "USA", american).otherwise(own)
