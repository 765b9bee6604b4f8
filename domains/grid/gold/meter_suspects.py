"""Meters that somebody should look at, the surest first: theft near zero, partial bypass, spikes.

Theft is found in the balance of the transformer (`bypass`), block by block over six weeks: what it delivers and
nothing explains is laid to the meters whose readings it follows. A meter that shows next to nothing while nothing is
missing is that of vacant rooms. Where no balance is known a meter near zero is named with little confidence. Neither
the meter's status nor its own flag is read.
"""

from datetime import datetime

import numpy as np
import pandas as pd
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from domains.grid.bypass import BLOCKS_A_DAY, FEWEST_DAYS, NEAR_ZERO, PARTIAL, Array, Feeder, findings_of
from domains.grid.gold.meter_days import NEAR_ZERO_KWH
from domains.grid.local_intervals import date_of, local_day_numbers
from domains.grid.measures import KW, losses_kw
from headrace.tables import Table, Whole, count_of, only_at, share

TABLE = Table(
    key=("meter_id", "kind"),
    write=Whole(),
    may_be_empty=True,
    description="Meters suspected of theft or malfunction, with evidence, confidence and revenue at risk.",
)

DAYS = 42
BLOCK_SECONDS = 86_400 // BLOCKS_A_DAY
BUCKETS = 32
LEAST_STRENGTH = {NEAR_ZERO: 4.0, PARTIAL: 12.0}
LEAST_SHARE = {NEAR_ZERO: 0.4, PARTIAL: 0.2}
UNSURE = 0.3
LEAST_OWN_DAYS = 3
MOST_GUESSED = 0.5  # of the load of a block: so much of it may be of meters that are not heard
BALANCED = "BALANCED"
FAULTY, SINGLE = "FAULTY_METER", "SINGLE_SPIKES"
NEXT_SECONDS, LEAST_RUNS = 1800, 2
FOUND = (
    "transformer_id string, meter_id string, customer_id string, kind string, missing_kw double, blocks int, "
    "part double, strength double, first_day date, last_day date"
)


def meter_suspects(
    smart_meter_readings: DataFrame,
    substation_telemetry: DataFrame,
    network_model: DataFrame,
    meter_days: DataFrame,
    billing_transactions: DataFrame,
    as_of: datetime,
) -> DataFrame:
    since = F.date_sub(F.lit(as_of.date()), DAYS)
    readings = smart_meter_readings.where(F.col("reading_date") > since)
    days = meter_days.where(F.col("reading_date") > since)
    meters = with_usual(meter_blocks(readings, days))
    feeders = feeder_blocks(substation_telemetry.where(F.col("telemetry_date") > since), network_model, as_of)
    bucket = F.pmod(F.xxhash64("transformer_id"), F.lit(BUCKETS)).alias("_bucket")
    thefts = (
        meters.select("*", bucket)
        .groupBy("_bucket")
        .cogroup(feeders.select("*", bucket).groupBy("_bucket"))
        .applyInPandas(thefts_of, FOUND)
    )
    rates = billing_transactions.groupBy("tariff_category").agg(F.median("rate_per_kwh").alias("_rate"))
    customers = days.groupBy("meter_id", "customer_id").agg(
        F.max_by("transformer_id", "reading_date").alias("transformer_id"),
        F.max_by("region", "reading_date").alias("region"),
        F.max_by("grid_zone", "reading_date").alias("grid_zone"),
        F.max_by("tariff_category", "reading_date").alias("tariff_category"),
    )
    found = thefts.transform(as_suspects).unionByName(spikes_of(days)).unionByName(unbalanced(days, thefts))
    return (
        found.join(customers, on=["meter_id", "customer_id"], how="left")
        .join(F.broadcast(rates), on="tariff_category", how="left")
        .withColumn("revenue_at_risk", F.col("missing_kwh") * F.col("_rate"))
        .drop("_rate")
        .transform(one_of_each)
    )


def meter_blocks(readings: DataFrame, days: DataFrame) -> DataFrame:
    """Mean load of each meter in blocks of three hours, spikes left out."""
    spikes = days.where("spikes > 0").select("meter_id", F.explode("spiked_at").alias("timestamp"))
    return (
        readings.where("reading_kwh >= 0")
        .join(spikes, on=["meter_id", "timestamp"], how="left_anti")
        .groupBy("transformer_id", "meter_id", block_of("timestamp").alias("block"))
        .agg(
            *(
                F.max_by(name, "timestamp").alias(name)
                for name in ("customer_id", "tariff_category", "sanctioned_load_kw")
            ),
            (2 * F.avg("reading_kwh")).alias("shown_kw"),
            F.avg((F.col("reading_kwh") <= NEAR_ZERO_KWH).cast("double")).alias("silent_share"),
        )
    )


def block_of(instant: str) -> Column:
    """The number of the block in which an interval lies that ends at the instant."""
    return F.floor((F.unix_seconds(instant) - 1) / BLOCK_SECONDS)


def with_usual(blocks: DataFrame) -> DataFrame:
    """Beside what is shown, what others of the tariff and size draw at that time of day."""
    time_of_day = F.pmod("block", F.lit(BLOCKS_A_DAY)).alias("_time")
    usual = (
        blocks.where("silent_share < 0.5")
        .groupBy("tariff_category", time_of_day)
        .agg(
            F.percentile_approx(share(F.col("shown_kw"), F.col("sanctioned_load_kw")), 0.5, 500).alias(
                "_usual"
            )
        )
    )
    timed = blocks.select("*", time_of_day)
    return (
        timed.join(F.broadcast(usual), on=["tariff_category", "_time"], how="left")
        .withColumn("usual_kw", F.coalesce(F.col("_usual") * F.col("sanctioned_load_kw"), F.lit(0.0)))
        .select("transformer_id", "meter_id", "customer_id", "block", "shown_kw", "silent_share", "usual_kw")
    )


def feeder_blocks(telemetry: DataFrame, network_model: DataFrame, as_of: datetime) -> DataFrame:
    """What arrives behind each transformer, losses taken off, and the share of it that has meters."""
    load, capacity = F.col("load_mw"), F.max("capacity_mw")
    model = network_model.transform(only_at, as_of).select(
        "transformer_id", "metered_share", "no_load_loss_kw", "full_load_loss_fraction"
    )
    blocks = telemetry.groupBy("transformer_id", block_of("timestamp").alias("block")).agg(
        F.avg(load).alias("_load"), F.avg(load * load).alias("_squared"), capacity.alias("_capacity")
    )
    losses = losses_kw(F.col("_squared"), F.col("_capacity"))
    return blocks.join(F.broadcast(model), on="transformer_id", how="inner").select(
        "transformer_id", "block", (KW * F.col("_load") - losses).alias("arrived_kw"), "metered_share"
    )


def thefts_of(meters: pd.DataFrame, feeders: pd.DataFrame) -> pd.DataFrame:
    """Of all transformers of a bucket."""
    rows: list[tuple[object, ...]] = []
    by_transformer = dict(list(meters.groupby("transformer_id", sort=False)))
    for transformer, feeder in feeders.groupby("transformer_id", sort=True):
        mine = by_transformer.get(transformer)
        if mine is not None:
            rows += _of_transformer(str(transformer), mine, feeder)
    columns = [each.split()[0] for each in FOUND.split(", ")]
    return pd.DataFrame(rows, columns=columns).astype({"meter_id": object, "kind": object})


def _of_transformer(transformer: str, meters: pd.DataFrame, feeder: pd.DataFrame) -> list[tuple[object, ...]]:
    """A meter counts as one whoever was its customer, and is named with the last one. In blocks in which it is not
    heard it is taken to show what it usually does, or what its like do; where that is much of the load, nothing is
    known of the block."""
    names, customers, blocks, laid = _laid_out(meters)
    blocks, ours, theirs = np.intersect1d(
        blocks, feeder["block"].to_numpy(), assume_unique=True, return_indices=True
    )
    supply, silent, usual = laid[:, :, ours]
    unheard, is_silent = np.isnan(supply), silent > 0.5
    expected = _expected(supply, is_silent, usual, blocks % BLOCKS_A_DAY)
    supply = np.where(unheard, expected, supply)
    arrived = feeder["arrived_kw"].to_numpy(float)[theirs] * float(feeder["metered_share"].iloc[0])
    guessed = (unheard * supply).sum(axis=0)
    known = ~np.isnan(guessed) & (guessed <= MOST_GUESSED * np.nansum(supply, axis=0))
    day = local_day_numbers(blocks[known] * BLOCK_SECONDS)
    if len(np.unique(day)) < FEWEST_DAYS:
        return []
    supply, expected, is_silent, unheard = (each[:, known] for each in (supply, expected, is_silent, unheard))
    left = arrived[known] - supply.sum(axis=0)
    found = findings_of(Feeder(day, left, supply, expected, is_silent, unheard))
    suspected = [
        (transformer, names[each.meter], customers[each.meter], each.kind, each.missing_kw, each.blocks, each.share,
         each.strength, date_of(each.first_day), date_of(each.last_day))
        for each in found
    ]  # fmt: skip
    balanced = [
        (
            transformer,
            name,
            customers[meter],
            BALANCED,
            0.0,
            0,
            0.0,
            0.0,
            date_of(day.min()),
            date_of(day.max()),
        )
        for meter, name in enumerate(names)
    ]
    return suspected + balanced


def _laid_out(meters: pd.DataFrame) -> tuple[Array, dict[int, str], Array, Array]:
    """The meters' names, the last customer of each, the blocks, and [what, meter, block] what is shown, how much of it
    is silent, and what is usual; NaN where the meter is not heard."""
    names, row = np.unique(meters["meter_id"].to_numpy().astype(str), return_inverse=True)
    blocks, column = np.unique(meters["block"].to_numpy(), return_inverse=True)
    in_order = np.argsort(column, kind="stable")
    customers = dict(zip(row[in_order], meters["customer_id"].to_numpy()[in_order], strict=True))
    laid = np.full((3, len(names), len(blocks)), np.nan)
    laid[:, row, column] = meters[["shown_kw", "silent_share", "usual_kw"]].to_numpy(float).T
    return names, customers, blocks, laid


def _expected(supply: Array, is_silent: Array, usual: Array, time: Array) -> Array:
    """What each meter would show: what it does itself at the time of day, else what its like do; NaN where nothing is
    known of it at that time."""
    like = np.full(usual.shape, np.nan)
    for each in range(BLOCKS_A_DAY):
        at = np.flatnonzero(time == each)
        known = ~np.isnan(usual[:, at])
        count = known.sum(axis=1)
        mean = np.where(known, usual[:, at], 0.0).sum(axis=1) / np.maximum(count, 1)
        like[:, at] = np.where(count > 0, mean, np.nan)[:, None]
    own = _own_usual(supply, is_silent, time)
    return np.where(np.isnan(own), np.where(np.isnan(usual), like, usual), own)


def _own_usual(supply: Array, is_silent: Array, time: Array) -> Array:
    """The median of what each meter shows at a time of day when it is not silent; NaN where it hardly ever was not."""
    usual = np.full(supply.shape, np.nan)
    for each in range(BLOCKS_A_DAY):
        at = time == each
        loud = np.sort(np.where(is_silent[:, at], np.nan, supply[:, at]), axis=1)  # NaN come last
        count = (~np.isnan(loud)).sum(axis=1)
        enough = np.flatnonzero(count >= LEAST_OWN_DAYS)
        middle = (loud[enough, (count[enough] - 1) // 2] + loud[enough, count[enough] // 2]) / 2
        usual[np.ix_(enough, at)] = middle[:, None]
    return usual


def as_suspects(thefts: DataFrame) -> DataFrame:
    """At its least strength a finding is as likely as not, at twice of it four to one."""
    strength, part = F.col("strength"), F.col("part")
    least_strength, least_share = by_kind(LEAST_STRENGTH), by_kind(LEAST_SHARE)
    near_zero = F.format_string(
        "reads next to nothing while its transformer misses %.2f kW of what it usually draws", "missing_kw"
    )
    partial = F.format_string(
        "%.0f %% of its load passes the meter by: its transformer misses %.2f kW that follow it",
        100 * part, "missing_kw",
    )  # fmt: skip
    return thefts.where((strength >= least_strength) & (part >= least_share)).select(
        *("meter_id", "customer_id", "kind", "first_day", "last_day"),
        (strength**2 / (strength**2 + least_strength**2)).alias("confidence"),
        F.when(F.col("kind") == NEAR_ZERO, near_zero).otherwise(partial).alias("evidence"),
        (BLOCK_SECONDS / 3600 * F.col("blocks") * F.col("missing_kw")).alias("missing_kwh"),
    )


def by_kind(values: dict[str, float]) -> Column:
    """Null for what is no finding."""
    return F.coalesce(*(F.when(F.col("kind") == kind, F.lit(value)) for kind, value in values.items()))


def spikes_of(days: DataFrame) -> DataFrame:
    """A faulty meter spikes half-hour after half-hour; a single spike is an error of the register or of the way."""
    spikes = days.where("spikes > 0").select(
        "meter_id", "customer_id", "reading_date", F.explode("spiked_at").alias("_at"), "spike_kwh", "spikes"
    )
    in_order = Window.partitionBy("meter_id").orderBy("_at")
    follows = F.unix_seconds("_at") - F.unix_seconds(F.lag("_at").over(in_order)) <= NEXT_SECONDS
    count, runs = F.count("*"), count_of(F.col("_follows"))
    is_faulty = runs >= LEAST_RUNS
    told = F.format_string(
        "%d half-hours that are hard to believe, %d of them right after another, %.1f kWh together",
        count, runs, F.sum(F.col("spike_kwh") / F.col("spikes")),
    )  # fmt: skip
    return (
        spikes.withColumn("_follows", follows)
        .groupBy("meter_id", "customer_id")
        .agg(
            F.when(is_faulty, FAULTY).otherwise(SINGLE).alias("kind"),
            F.min("reading_date").alias("first_day"),
            F.max("reading_date").alias("last_day"),
            F.when(is_faulty, 1 - 0.3 / runs).otherwise(F.lit(0.5)).alias("confidence"),
            told.alias("evidence"),
            F.lit(0.0).alias("missing_kwh"),
        )
    )


def unbalanced(days: DataFrame, thefts: DataFrame) -> DataFrame:
    """Meters near zero whose transformer's balance is not known."""
    balanced = thefts.where(F.col("kind") == BALANCED).select("meter_id")
    return (
        days.where("near_zero_share > 0.5")
        .groupBy("meter_id", "customer_id")
        .agg(F.min("reading_date").alias("first_day"), F.max("reading_date").alias("last_day"))
        .join(balanced, on="meter_id", how="left_anti")
        .select(
            *("meter_id", "customer_id", F.lit(NEAR_ZERO).alias("kind"), "first_day", "last_day"),
            F.lit(UNSURE).alias("confidence"),
            F.lit("reads next to nothing; the balance of its transformer is not known").alias("evidence"),
            F.lit(0.0).alias("missing_kwh"),
        )
    )


def one_of_each(found: DataFrame) -> DataFrame:
    """A meter that several customers are named by is one suspect."""
    surest = Window.partitionBy("meter_id", "kind").orderBy(F.desc("confidence"), "customer_id")
    return found.withColumn("_place", F.row_number().over(surest)).where("_place = 1").drop("_place")
