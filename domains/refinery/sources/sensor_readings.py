"""What the sensors say: an operating point, a daily cycle, a slow wander, a little noise; what a unit that is about to
fail, or down, does to them, and now and then a process beyond its limits. Worked out per sensor and block of six
hours, then per reading.
"""

from datetime import timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from domains.refinery.world.excursions import felt, only_away_from, reach, way_of
from simulation.random_draws import World, each_tick, standard_normal

BLOCK_SECONDS = 6 * 3600
DAY_RADIANS_PER_SECOND = 2 * 3.141592653589793 / 86_400
SPREAD = 0.012  # of the band between the warnings: how far a healthy reading usually strays
CYCLE, WANDER, NOISE = (0.004, 0.014), 0.02, 0.003
INTERPOLATED, UNCERTAIN, BAD = 0.01, 0.025, 0.005
AROUND = 5400  # seconds: an excursion is felt so long before and after its span, the way there and back
LONGEST = 10 * 3600
LIMITS = ("min_value", "max_value", "warning_low", "warning_high", "critical_low", "critical_high")

# measurement unit: steps per one, then what the same quantity is in a unit it is mistaken for: value * a + b
INSTRUMENTS: dict[str, tuple[int, float | None, float]] = {
    "Fahrenheit": (10, 1 / 1.8, -32 / 1.8),
    "Celsius": (10, 1.8, 32.0),
    "PSI": (10, 1 / 14.5038, 0.0),
    "Bar": (100, 14.5038, 0.0),
    "BPH": (1, 0.158987, 0.0),
    "GPM": (1, 3.785412, 0.0),
    "Percent": (100, 0.01, 0.0),
    "Feet": (100, 0.3048, 0.0),
    "mm/s": (100, 1 / 25.4, 0.0),
    "mils": (1000, 0.0254, 0.0),
    "pH": (100, None, 0.0),
    "API": (100, None, 0.0),
    "cSt": (100, 4.632, 0.0),
}
# sensor type: share of the way to the critical limit gone when a unit fails, what is left when it stands
RUN_UPS: dict[str, tuple[float, float]] = {
    "Vibration": (1.05, 0.1),
    "Temperature": (0.95, 0.6),
    "Pressure": (0.4, 0.5),
    "Flow Rate": (-0.25, 0.05),
}


def sensor_readings(
    blocks: DataFrame, sensors: DataFrame, unit_failures: DataFrame, world: World
) -> DataFrame:
    known = F.broadcast(sensors.transform(with_operating_point, world))
    placed = blocks.join(known, on="_index", how="inner").transform(with_course, world)
    troubled = placed.transform(with_failures, unit_failures).transform(with_excursions, world).drop(*LIMITS)
    return each_tick(troubled).transform(as_readings, world)


def excursions(episodes: DataFrame, sensors: DataFrame, unit_failures: DataFrame) -> DataFrame:
    """Those of the drawn ones that happen: none while the unit fails or stands."""
    known = sensors.select("_index", F.col("unit_id").alias("_unit"), *LIMITS)
    found = reach(F.col("strength"))
    return (
        episodes.join(F.broadcast(known), on="_index", how="inner")
        .transform(only_away_from, unit_failures, AROUND)
        .withColumn("side", F.when(found.is_high, "high").otherwise("low"))
        .withColumn("severity", F.when(found.is_critical, "critical").otherwise("warning"))
        .drop("_unit", *LIMITS)
    )


def with_operating_point(sensors: DataFrame, world: World) -> DataFrame:
    """What a sensor shows in quiet times, and how its instrument shows it. One row per sensor."""
    band = F.col("warning_high") - F.col("warning_low")
    span = F.col("max_value") - F.col("min_value")
    point = F.col("warning_low") + band * world.uniform("operating point", "_index", low=0.3, high=0.7)
    steps, factor, offset = (by_name("measurement_unit", INSTRUMENTS, place) for place in range(3))
    rise, rest = (by_name("sensor_type", RUN_UPS, place) for place in range(2))
    return sensors.select(
        *("_index", "sensor_id", "unit_id", "refinery_id", *LIMITS),
        F.concat(F.lit("R"), F.substring("sensor_id", 6, 12), F.lit("-")).alias("_prefix"),
        point.alias("_typical"),
        (band * SPREAD).alias("_spread"),
        (band * world.uniform("daily cycle", "_index", low=CYCLE[0], high=CYCLE[1])).alias("_cycle"),
        world.uniform("daily phase", "_index", low=0, high=6.283).alias("_phase"),
        (band * WANDER).alias("_wander"),
        (band * NOISE).alias("_noise"),
        ((F.col("critical_high") - point) * rise).alias("_rise"),
        rest.alias("_rest"),
        steps.cast("double").alias("_steps"),
        factor.alias("_factor"),
        offset.alias("_offset_of_unit"),
        F.col("min_value").alias("_least"),
        F.col("max_value").alias("_most"),
        (span * 0.15 / 1024).alias("_beyond"),
    )


def by_name(column: str, table: dict[str, tuple[object, ...]], place: int) -> Column:
    found = F.lit(None).cast("double")
    for name, values in table.items():
        if values[place] is not None:
            found = F.when(F.col(column) == name, F.lit(float(values[place]))).otherwise(found)
    return found


def with_course(rows: DataFrame, world: World) -> DataFrame:
    """Where the wander stands at both ends of the block; it runs straight between them."""
    ends = (F.col("_begins"), F.col("_begins") + BLOCK_SECONDS)
    left, right = (wander(world, F.timestamp_seconds(end)) * F.col("_wander") for end in ends)
    return rows.select("*", left.alias("_left"), (right - left).alias("_slope")).drop("_wander")


def wander(world: World, at: Column) -> Column:
    slow = world.smooth("slow wander", "_index", at=at, every=timedelta(days=3))
    quick = world.smooth("quick wander", "_index", at=at, every=timedelta(hours=9))
    return slow * 0.65 + quick * 0.35


def with_failures(rows: DataFrame, unit_failures: DataFrame) -> DataFrame:
    """The failure, if any, whose run-up or standstill touches the block, or an excursion that does."""
    failing = F.broadcast(
        unit_failures.select(
            F.col("unit_id").alias("_unit"),
            F.col("run_up_from").cast("long").alias("_run_up_from"),
            F.col("failed_at").cast("long").alias("_failed"),
            F.col("back_at").cast("long").alias("_back"),
            F.col("severity").alias("_severity"),
        )
    )
    near = LONGEST + 2 * AROUND
    touches = (
        (F.col("unit_id") == F.col("_unit"))
        & (F.col("_run_up_from") < F.col("_begins") + BLOCK_SECONDS + near)
        & (F.col("_back") > F.col("_begins") - near)
    )
    return rows.join(failing, on=touches, how="left").drop("_unit")


def with_excursions(rows: DataFrame, world: World) -> DataFrame:
    """`_pushes`: what an excursion adds to each reading of the block; null where none touches it or its unit fails.
    Few blocks have one: worked out here, what is done for each reading stays short enough for Java to compile."""
    if "_excursion_from" not in rows.columns:
        return rows.withColumn("_pushes", F.lit(None).cast("array<double>"))
    begins, ends = F.col("_excursion_from"), F.col("_excursion_to")
    fails = (begins - AROUND < F.col("_back")) & (ends + AROUND > F.col("_run_up_from"))
    happens = begins.isNotNull() & ~F.coalesce(fails, F.lit(False))
    way = way_of(F.col("_excursion_strength"), begins, ends, F.col("_typical"))
    ticks = F.sequence(F.lit(0), F.expr(f"int({BLOCK_SECONDS} div _every)"))
    pushes = F.transform(ticks, lambda tick: pushed(F.col("_first") + tick * F.col("_every"), world))
    waying = rows.withColumn("_way", F.when(happens, way))
    return waying.withColumn("_pushes", F.when(F.col("_way").isNotNull(), pushes)).drop(
        "_way", "_excursion_from", "_excursion_to", "_excursion_strength"
    )


def pushed(second: Column, world: World) -> Column:
    """What an excursion adds to the reading of that second; an instrument shows nothing beyond its ends."""
    calm, noise = course(second), hiss(second, world)
    shown = felt(calm, F.col("_typical"), second, F.col("_way")) + noise
    return F.least(F.greatest(shown, F.col("_least")), F.col("_most")) - calm - noise


def as_readings(rows: DataFrame, world: World) -> DataFrame:
    second = F.col("_second")
    at = F.timestamp_seconds(second)
    luck = world.hashed("reading", "_index", "_second")
    drawn = rows.select("*", at.alias("_at"), luck.alias("_luck"), quiet(world).alias("_quiet"))
    value = in_trouble(F.col("_quiet"))
    told = {name: F.col(name) for name in rows.columns if name.startswith("_")}
    return drawn.select(
        F.concat(F.col("_prefix"), second.cast("string")).alias("reading_id"),
        *("sensor_id", "unit_id", "refinery_id"),
        F.col("_at").alias("reading_timestamp"),
        value.alias("reading_value"),
        quality().alias("reading_quality"),
        (bits(16, 12) < F.lit(round(INTERPOLATED * 4096))).alias("is_interpolated"),
        F.col("_at").alias("event_time"),
        F.timestamp_millis(second * 1000 + 700 + bits(28, 9)).alias("processing_time"),
        *(column for name, column in told.items() if name in CARRIED or name.startswith(EPISODES)),
        (value * F.col("_factor") + F.col("_offset_of_unit")).alias("_wrong_unit"),
        (F.col("_most") + F.col("_beyond") * (bits(37, 10) + 40)).alias("_out_of_range"),
    )


CARRIED = ("_index", "_second", "_copy", "_typical", "_spread", "_steps", "_least")
EPISODES = ("_stuck_", "_drift_", "_gap_", "_late_")


def quiet(world: World) -> Column:
    """The reading of a unit that does not fail, its process inside its limits or out of them."""
    second = F.col("_second")
    push = F.get("_pushes", F.expr("int((_second - _first) div _every)"))
    return course(second) + hiss(second, world) + F.coalesce(push, F.lit(0.0))


def course(second: Column) -> Column:
    part = (second - F.col("_begins")) / F.lit(float(BLOCK_SECONDS))
    daily = F.sin((second % 86_400) * F.lit(DAY_RADIANS_PER_SECOND) + F.col("_phase"))
    return F.col("_typical") + F.col("_cycle") * daily + F.col("_left") + F.col("_slope") * part


def hiss(second: Column, world: World) -> Column:
    return standard_normal(world.hashed("noise", "_index", second)) * F.col("_noise")


def in_trouble(value: Column) -> Column:
    second = F.col("_second")
    gone = (second - F.col("_run_up_from")) / (F.col("_failed") - F.col("_run_up_from"))
    rising = value + F.col("_rise") * F.col("_severity") * gone * gone
    return (
        F.when(F.col("_rise").isNull() | F.col("_failed").isNull(), value)
        .when((second >= F.col("_failed")) & (second < F.col("_back")), value * F.col("_rest"))
        .when((second >= F.col("_run_up_from")) & (second < F.col("_failed")), rising)
        .otherwise(value)
    )


def quality() -> Column:
    """The instrument's own opinion, drawn apart from everything else."""
    draw = bits(0, 16)
    bad, uncertain = round(BAD * 65_536), round((BAD + UNCERTAIN) * 65_536)
    return F.when(draw < bad, "BAD").when(draw < uncertain, "UNCERTAIN").otherwise("GOOD")


def bits(first: int, count: int) -> Column:
    return F.shiftrightunsigned("_luck", first).bitwiseAND(F.lit((1 << count) - 1))
