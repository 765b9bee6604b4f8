"""Each meter's day: what it measured, how whole it is, and which of its half-hours are hard to believe.

A day goes from midnight to midnight by the local clock. A spike is a half-hour of many times the day's usual energy,
and of more than the connection may draw. A near-zero half-hour is one of a connection that uses next to nothing:
vacant rooms do that, and so do meters that are bypassed, so it proves nothing by itself.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from domains.grid.validation import (
    FEW_READINGS,
    LEAST_SPIKE_KWH,
    SPIKE_OF_FEW_KWH,
    TIMES_SANCTIONED,
    TIMES_USUAL,
)
from headrace.tables import Replace, Table, count_of, share

TABLE = Table(
    key=("meter_id", "customer_id", "reading_date"),
    partition="reading_date",
    cluster=("meter_id",),
    write=Replace(follows={"smart_meter_readings": "reading_date"}),
    description="Energy, peak, coverage, spikes and near-zero half-hours of each meter and day.",
)

HALF_HOURS = 48
NEAR_ZERO_KWH = 0.05


def meter_days(smart_meter_readings: DataFrame) -> DataFrame:
    at, kwh = F.col("timestamp"), F.col("reading_kwh")
    days = smart_meter_readings.groupBy("meter_id", "customer_id", "reading_date").agg(
        *(F.max_by(name, at).alias(name) for name in CUSTOMER),
        F.count("*").alias("readings"),
        F.sum(kwh).alias("measured_kwh"),
        F.percentile_approx(kwh, 0.5, 200).alias("median_kwh"),
        count_of(kwh <= NEAR_ZERO_KWH).alias("near_zero_readings"),
        F.sum(F.when(F.col("local_hour") < 5, kwh)).alias("night_kwh"),
        F.avg("voltage_v").alias("mean_voltage_v"),
        F.avg("power_factor").alias("mean_power_factor"),
        F.collect_list(F.struct(at.alias("at"), kwh.alias("kwh"))).alias("_all"),
    )
    spikes = F.filter("_all", lambda each: is_spike(each["kwh"]))
    rest = F.filter("_all", lambda each: ~is_spike(each["kwh"]))
    spike_kwh = F.aggregate(spikes, F.lit(0.0), lambda total, each: total + each["kwh"])
    believed = F.col("measured_kwh") - F.col("spike_kwh")
    others = F.col("readings") - F.col("spikes")
    return (
        days.withColumns(
            {
                "spikes": F.size(spikes),
                "spike_kwh": spike_kwh,
                "spiked_at": F.array_sort(F.transform(spikes, lambda each: each["at"])),
            }
        )
        .withColumns(
            {
                "coverage": F.col("readings") / HALF_HOURS,
                "mean_kw": 2 * share(believed, others),
                "peak_kw": 2 * F.array_max(F.transform(rest, lambda each: each["kwh"])),
                "near_zero_share": F.col("near_zero_readings") / F.col("readings"),
            }
        )
        .drop("_all")
    )


CUSTOMER = (
    *("transformer_id", "region", "state", "grid_zone", "tariff_category", "connection_type"),
    *("sanctioned_load_kw", "account_status", "is_customers_meter"),
)


def is_spike(kwh: Column) -> Column:
    may_draw = F.coalesce(F.col("sanctioned_load_kw") / 2, F.lit(0.0))
    usual = F.greatest(TIMES_USUAL * F.col("median_kwh"), F.lit(LEAST_SPIKE_KWH))
    usual = F.when(F.col("readings") < FEW_READINGS, F.lit(SPIKE_OF_FEW_KWH)).otherwise(usual)
    return (kwh > usual) & (kwh > TIMES_SANCTIONED * may_draw)
