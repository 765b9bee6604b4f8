"""Gold tables said once more, from bronze and silver, by another engine and other means: DuckDB's SQL for what is
counted, plain Python for what is mixed, solved or forecast."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import combinations_with_replacement
from random import Random
from typing import Any

import numpy as np

Rows = list[dict[str, Any]]

STANDING = """
    standing as (
        select unit_id, production_hour + n * interval 1 hour as hour, min(n) as since
        from silver.production_output, range(13) marks(n)
        where downtime_minutes > 0 or input_volume_barrels = 0 group by all)"""
BELIEVED = f"""
    {STANDING.strip()},
    believed as (
        select r.sensor_id, r.unit_id, r.refinery_id, r.sensor_type, r.measurement_unit, r.reading_date,
            r.reading_timestamp as taken, r.reading_value, r.alert_status, r.critical_low, r.critical_high, r.warning_low,
            r.warning_high, time_bucket(interval 5 minutes, r.reading_timestamp) as window_start,
            case when r.alert_status = 'NORMAL' or s.unit_id is not null then 0
                when r.reading_value > r.warning_high then 1 else -1 end as side
        from silver.sensor_readings r
        left join standing s on s.unit_id = r.unit_id and s.hour = date_trunc('hour', r.reading_timestamp)
        where r.reading_quality = 'GOOD' and not coalesce(r.is_interpolated, false) and not exists (
            select 1 from gold.suspect_readings q
            where q.reading_id = r.reading_id and q.reading_date = r.reading_date))"""

# Where a row names a table, its columns are compared by name with that of gold.
SQL = {
    "refinery_kpis": """
        with hours as (
            select *, input_volume_barrels as charge,
                output_volume_barrels + coalesce(coproduct_volume_barrels, 0) as made,
                141.5 / (131.5 + c.api_gravity_typical) as gravity, c.sulfur_content_typical as sulfur
            from silver.production_output p left join silver.crude_types c on c.crude_type_id = p.input_crude_type_id),
        rates as (
            select refinery_id, production_date, unit_id,
                coalesce(sum(charge) filter (is_crude_unit), 0) / count(*) as charge_an_hour,
                coalesce(sum(made) filter (is_crude_unit), 0) / count(*) as made_an_hour,
                sum(energy_consumed_mmbtu) / count(*) as energy_an_hour
            from hours group by all),
        paces as (
            select refinery_id, production_date, sum(charge_an_hour) as charge, sum(made_an_hour) as made,
                sum(energy_an_hour) as energy, count(*) as units
            from rates group by all),
        days as (
            select refinery_id, production_date, sum(charge) filter (is_crude_unit) as crude,
                sum(made) filter (is_crude_unit) as made_in_all, count(*) as hours, sum(downtime_minutes) as down,
                count(*) filter (quality_grade in ('On-Spec', 'Premium')) / count(quality_grade) as on_spec,
                sum(efficiency_ratio * charge) / sum(charge) filter (efficiency_ratio is not null) as efficiency,
                sum(charge * gravity) / sum(charge) filter (gravity is not null) as gravity,
                sum(charge * gravity * sulfur) / sum(charge * gravity) as sulfur,
                max(hour(production_hour)) - min(hour(production_hour)) + 1 as hours_of_day
            from hours group by all)
        select d.refinery_id, d.production_date, d.crude as total_crude_processed,
            d.made_in_all as total_products_produced, 24 * p.charge as crude_barrels_per_day,
            24 * p.charge / r.capacity_bpd as capacity_utilization, p.energy / p.made as energy_intensity,
            d.made_in_all / d.crude as overall_yield, d.down / (60 * d.hours) as downtime_percentage,
            d.on_spec as on_spec_rate, d.efficiency as efficiency_ratio, 141.5 / d.gravity - 131.5 as charge_api_gravity,
            d.sulfur as charge_sulfur_pct, d.hours as unit_hours, d.hours / (p.units * d.hours_of_day) as coverage
        from days d join paces p using (refinery_id, production_date) join silver.refineries r using (refinery_id)
    """,
    "weekly_trend": """
        with days as (select *, date_trunc('week', production_date)::date as week_start from gold.refinery_kpis),
        weeks as (
            select refinery_id, week_start, count(*) as days,
                sum(capacity_utilization * capacity_bpd) / sum(capacity_bpd) as capacity_utilization,
                sum(efficiency_ratio * efficiency_charge) / sum(efficiency_charge) as efficiency_ratio,
                sum(on_spec_rate * graded_hours) / sum(graded_hours) as on_spec_rate,
                sum(energy_intensity * total_products_produced) / sum(total_products_produced) as energy_intensity,
                sum(unit_hours) / sum(unit_hours / coverage) as coverage
            from days group by all)
        select w.*, w.efficiency_ratio - before.efficiency_ratio as efficiency_ratio_change
        from weeks w left join weeks before
            on before.refinery_id = w.refinery_id and before.week_start = w.week_start - interval 7 day
    """,
    "tank_days": """
        with moves as (
            select tank_id, measurement_date, measurement_timestamp as taken, volume_barrels as volume,
                volume_barrels - lag(volume_barrels) over by_time as change,
                epoch(measurement_timestamp - lag(measurement_timestamp) over by_time) / 3600 as hours
            from silver.tank_inventory
            window by_time as (partition by tank_id, measurement_date order by measurement_timestamp))
        select tank_id, measurement_date, arg_min(volume, taken) as opening_barrels, arg_max(volume, taken) as closing_barrels,
            coalesce(sum(change) filter (change > 0), 0) as received_barrels,
            coalesce(-sum(change) filter (change < 0), 0) as drawn_barrels,
            coalesce(sum(hours) filter (change > 0), 0) as rising_hours,
            coalesce(sum(hours) filter (change < 0), 0) as falling_hours
        from moves group by all
    """,
    "delivery_performance": """
        with delivered as (
            select shipment_id, supplier_id, transport_mode, arrival_date, days_delayed, volume_barrels, total_cost
            from silver.crude_shipments where status = 'DELIVERED'),
        set_aside as (
            select distinct on (shipment_id) shipment_id, supplier_id, transport_mode, arrival_date,
                arrival_date - expected_arrival_date as days_delayed
            from bronze.crude_shipments
            where status = 'DELIVERED' and shipment_id not in (select shipment_id from delivered)
                and abs(arrival_date - expected_arrival_date) <= 180 and arrival_date >= shipment_date
                and supplier_id is not null and transport_mode is not null and shipment_id is not null),
        all_of_them as (select * from delivered union all by name select * from set_aside)
        select supplier_id, transport_mode, date_trunc('week', arrival_date)::date as week_start, count(*) as shipments,
            count(*) filter (volume_barrels is null) as shipments_set_aside,
            count(*) filter (days_delayed <= 0) as shipments_on_time, avg(days_delayed) as avg_days_delayed,
            sum(volume_barrels) as volume_barrels, sum(total_cost) / sum(volume_barrels) as cost_per_barrel
        from all_of_them group by all
    """,
    "suspect_readings": """
        select s.reading_id, r.reading_date, r.reading_value as sent_value
        from silver.sensor_readings r join gold.suspect_readings s using (reading_id, reading_date)
    """,
    "sensor_days": f"""
        with {BELIEVED},
        marked as (
            select *, coalesce(side != lag(side) over by_time, true) as begins from believed
            window by_time as (partition by sensor_id, reading_date order by taken)),
        numbered as (
            select *, sum(begins::int) over (partition by sensor_id, reading_date order by taken) as run from marked),
        runs as (
            select sensor_id, reading_date, run, side, min(taken) as since, max(taken) as until, count(*) as readings,
                count(*) filter (alert_status = 'CRITICAL') as critical,
                side * max(side * reading_value) as worst
            from numbered where side != 0 group by sensor_id, reading_date, run, side
            having count(*) >= 2 and epoch(max(taken) - min(taken)) >= 30),
        days as (
            select sensor_id, reading_date, count(*) as reading_count,
                count(*) filter (s.unit_id is null) as running_count,
                count(*) filter (s.unit_id is null and alert_status != 'NORMAL') as running_beyond_count,
                median(reading_value) as level, median(reading_value) filter (s.unit_id is null) as running_level
            from silver.sensor_readings r
            left join standing s on s.unit_id = r.unit_id and s.hour = date_trunc('hour', r.reading_timestamp)
            group by all)
        select d.*, coalesce(sum(readings), 0) as beyond_count,
            coalesce(sum(critical), 0) as beyond_critical_count, max(since) as beyond_since, max(until) as beyond_until,
            arg_max(worst, since) as beyond_value
        from days d left join runs using (sensor_id, reading_date) group by all
    """,
    "unit_stands": f"""
        with {STANDING}
        select unit_id, hour as production_hour, hour::date as production_date, since as hours_since_stand,
            if(since = 0, 'STANDS', 'HEATS UP') as state
        from standing
    """,
    "anomaly_alerts": f"""
        with {BELIEVED},
        marked as (
            select *, coalesce(side != lag(side) over by_time, true) as begins from believed
            window by_time as (partition by sensor_id order by taken)),
        numbered as (select *, sum(begins::int) over (partition by sensor_id order by taken) as run from marked),
        days as (
            select sensor_id, run, reading_date, min(taken) as since from numbered where side != 0 group by all
            having count(*) >= 2 and epoch(max(taken) - min(taken)) >= 30),
        parts as (
            select *, reading_date - row_number() over (partition by sensor_id, run order by reading_date)::int as island
            from days),
        excursions as (
            select sensor_id, run, reading_date, greatest(min(since) over (partition by sensor_id, run, island),
                (reading_date - 7)::timestamp at time zone 'UTC') as since
            from parts),
        beyond as (
            select n.*, e.since, alert_status = 'CRITICAL' as is_critical,
                if(alert_status = 'CRITICAL', if(side > 0, critical_high, critical_low),
                    if(side > 0, warning_high, warning_low)) as passed
            from numbered n join excursions e using (sensor_id, run, reading_date)),
        windows as (
            select unit_id, sensor_type, measurement_unit, window_start,
                count(*) filter (is_critical) as critical_count, count(*) filter (not is_critical) as warning_count,
                count(distinct sensor_id) as sensors_beyond,
                arg_max(row(sensor_id, reading_value, passed, since), row(is_critical,
                    abs(reading_value - passed) / abs(warning_high - warning_low), sensor_id)) as worst
            from beyond group by all having critical_count > 0 or warning_count > 5),
        figures as (
            select unit_id, sensor_type, measurement_unit, window_start, count(*) as reading_count,
                avg(reading_value) as avg_value, max(reading_value) as max_value
            from believed group by all)
        select w.unit_id, w.sensor_type, w.measurement_unit, w.window_start, critical_count, warning_count, sensors_beyond,
            worst[1] as sensor_id, worst[2] as worst_value, worst[3] as limit_value, worst[4] as beyond_since,
            reading_count, avg_value, max_value,
            (10 * critical_count + 3 * warning_count) / reading_count as alert_severity_score
        from windows w join figures f using (unit_id, sensor_type, measurement_unit, window_start)
    """,
    "equipment_health": f"""
        with {STANDING},
        readings as (
            select r.*, s.unit_id is null as ran from silver.sensor_readings r
            left join standing s on s.unit_id = r.unit_id and s.hour = date_trunc('hour', r.reading_timestamp)),
        of_sensors as (
            select c.unit_id, c.sensor_type, reading_date, c.max_value - c.min_value as span, count(*) filter (ran) as ran,
                count(*) as readings, count(*) filter (ran and alert_status != 'NORMAL') as beyond,
                coalesce(stddev(reading_value) filter (ran), 0) as unrest, median(reading_value) filter (ran) as level
            from readings r join silver.sensors c on c.sensor_id = r.sensor_id and c.is_current
            group by r.sensor_id, c.unit_id, c.sensor_type, reading_date, span),
        kinds as (
            select unit_id, sensor_type, reading_date, sum(beyond) / nullif(sum(ran), 0) as beyond, sum(ran) as ran,
                sum(1000 * unrest / span * ran) / nullif(sum(ran), 0) as unrest, sum(readings) as readings,
                avg(level / span) as level
            from of_sensors group by all)
        select unit_id, reading_date,
            case when sum(ran) > 0 then greatest(0, 100 - 500 * avg(beyond) - avg(unrest) / 10) end as health_score,
            avg(beyond) as avg_anomaly_rate, avg(unrest) as avg_volatility, sum(ran) / sum(readings) as running_share,
            avg(level) filter (sensor_type = 'Vibration') as vibration_level,
            avg(level) filter (sensor_type = 'Temperature') as temperature_level
        from kinds group by all
    """,
    "unit_performance": """
        with hours as (
            select *, output_volume_barrels + coalesce(coproduct_volume_barrels, 0) as made
            from silver.production_output
            where production_date >= $as_of::date - 30 and production_hour <= $as_of),
        units as (
            select unit_id, unit_type, unit_subtype, count(*) as hours,
                count(*) / (epoch(max(production_hour) - min(production_hour)) / 3600 + 1) as coverage,
                sum(efficiency_ratio * input_volume_barrels) filter (efficiency_ratio is not null)
                    / sum(input_volume_barrels) filter (efficiency_ratio is not null) as efficiency_ratio,
                avg(capacity_utilization) as capacity_utilization,
                sum(energy_consumed_mmbtu) / sum(made) as energy_per_barrel,
                sum(downtime_minutes) / (60 * count(*)) as downtime_percentage
            from hours group by all),
        gaps as (
            select *, median(efficiency_ratio) over kind as peer_efficiency, count(*) over kind as peers,
                efficiency_ratio - median(efficiency_ratio) over kind as gap
            from units window kind as (partition by unit_type, unit_subtype)),
        apart as (
            select *, 1.4826 * median(abs(gap)) over (partition by unit_type, unit_subtype) as usual_gap from gaps)
        select unit_id, hours, coverage, efficiency_ratio, capacity_utilization, energy_per_barrel, downtime_percentage,
            peer_efficiency, peers, gap as efficiency_gap_to_peers,
            coalesce(peers >= 3 and gap < -greatest(0.01, 2.5 * usual_gap), false) as is_below_peers,
            coalesce(efficiency_ratio < 0.97, false) as is_below_design
        from apart
    """,
    "product_yield": """
        select input_crude_type_id as crude_type_id, output_product_id as product_id,
            sum(yield_percentage * input_volume_barrels) / sum(input_volume_barrels) as avg_yield,
            stddev(yield_percentage) as yield_stddev, min(yield_percentage) as min_yield,
            max(yield_percentage) as max_yield, count(*) as sample_count,
            sum(yield_percentage * input_volume_barrels) / sum(input_volume_barrels)
                - any_value(p.typical_yield_pct) as yield_vs_typical
        from silver.production_output h join silver.products p on p.product_id = h.output_product_id
        where yield_percentage is not null and input_crude_type_id in (select crude_type_id from silver.crude_types)
        group by all
    """,
    "yield_by_quality": """
        with crudes as (
            select output_product_id as product_id, input_crude_type_id as crude_type_id, count(*) as hours,
                sum(yield_percentage * input_volume_barrels) / sum(input_volume_barrels) as yielded
            from silver.production_output where yield_percentage is not null group by all)
        select product_id,
            case when c.api_gravity_typical < 22.3 then 'below 22.3' when c.api_gravity_typical < 31.1 then '22.3 to 31.1'
                when c.api_gravity_typical < 40 then '31.1 to 40' else '40 and above' end as api_gravity_band,
            case when c.sulfur_content_typical < 0.5 then 'below 0.5' when c.sulfur_content_typical < 1.5
                then '0.5 to 1.5' else '1.5 and above' end as sulfur_band,
            sum(yielded * hours) / sum(hours) as avg_yield, sum(hours) as sample_count,
            count(distinct c.crude_type_id) as crudes
        from crudes h join silver.crude_types c on c.crude_type_id = h.crude_type_id group by all
    """,
    "inventory_status": """
        with latest as (
            select tank_id, arg_max(volume_barrels, measurement_timestamp) as volume,
                arg_max(fill_percentage, measurement_timestamp) as fill, max(measurement_timestamp) as last_measured
            from silver.tank_inventory where measurement_timestamp <= $as_of group by all)
        select t.tank_id, volume as current_volume, fill as fill_percentage, last_measured,
            case when fill < t.min_operating_level then 'CRITICALLY_LOW' when fill < 0.25 then 'LOW'
                when fill > t.max_operating_level then 'OVER_FILLED' when fill > 0.85 then 'NEAR_CAPACITY'
                else 'NORMAL' end as inventory_status
        from latest l join silver.storage_tanks t on t.tank_id = l.tank_id and t.is_active and t.effective_to > $as_of
            and (t.version = 1 or t.effective_from <= $as_of)
    """,
    "days_of_supply": """
        with steps as (
            select tank_id, measurement_date, measurement_timestamp as taken, volume_barrels as volume,
                volume_barrels - lag(volume_barrels) over by_time as change,
                epoch(measurement_timestamp - lag(measurement_timestamp) over by_time) / 3600 as hours
            from silver.tank_inventory
            where measurement_date > $as_of::date - 14
            window by_time as (partition by tank_id, measurement_date order by measurement_timestamp)),
        whole as (select tank_id, measurement_date from steps group by all having max(taken) <= $as_of),
        flows as (
            select tank_id, max(taken) as measured_at, arg_max(volume, taken) as volume,
                coalesce(sum(-change) filter (change < 0), 0) as fell, coalesce(sum(change) filter (change > 0), 0) as rose,
                coalesce(sum(hours) filter (change > 0), 0) as rising, coalesce(sum(hours) filter (change < 0), 0) as falling,
                sum(hours) as hours
            from steps semi join whole using (tank_id, measurement_date) group by all),
        drawn as (
            select t.tank_id, t.refinery_id, t.product_type, volume, measured_at,
                greatest(0, volume - t.min_operating_level * t.capacity_barrels) as usable,
                24 / nullif(hours, 0) * (fell + if(t.product_type = 'Crude Oil', 0,
                    coalesce(rose / nullif(rising, 0), 0) * falling)) as draw
            from flows f join silver.storage_tanks t on t.tank_id = f.tank_id and t.is_active and t.effective_to > $as_of
                and (t.version = 1 or t.effective_from <= $as_of)),
        charged as (
            select refinery_id, avg(crude_barrels_per_day) as charge from gold.refinery_kpis
            where production_date > $as_of::date - 14 and production_date < $as_of::date group by all),
        raised as (
            select d.* replace (draw * if(product_type = 'Crude Oil', greatest(1, coalesce(charge / nullif(
                sum(draw) over (partition by d.refinery_id, product_type), 0), 1)), 1) as draw)
            from drawn d left join charged using (refinery_id)),
        summed as (
            select case when grouping(tank_id) = 0 then 'TANK' when grouping(refinery_id) = 0 then 'REFINERY'
                else 'PRODUCT_TYPE' end as level, product_type, refinery_id, tank_id, count(*) as tanks,
                sum(volume) as volume_barrels, sum(usable) as usable_barrels, sum(draw) as daily_draw_barrels,
                sum(usable) / nullif(sum(draw), 0) as days_of_supply, min(measured_at) as measured_at
            from raised
            group by grouping sets ((product_type, refinery_id, tank_id), (product_type, refinery_id), (product_type)))
        select s.*, if(level = 'PRODUCT_TYPE', least_of, null) as shortest_days_of_supply
        from summed s left join (
            select product_type, min(days_of_supply) as least_of from summed where level = 'REFINERY' group by all) using (
            product_type)
    """,
    "alarm_load": """
        select console as refinery_id, date_trunc('hour', event_at) as hour_start,
            count(*) filter (is_annunciated) as annunciated_count,
            count(*) filter (is_annunciated and priority = 'high') as high_count,
            count(*) filter (event = 'raised') as raised_count,
            count(*) filter (event = 'raised' and state = 'suppressed') as suppressed_count,
            count(*) filter (event = 'acknowledged') as acknowledged_count,
            case when annunciated_count > 12 then 'OVERLOADED' when annunciated_count > 6 then 'MANAGEABLE'
                else 'ACCEPTABLE' end as load_status
        from silver.alarms where console is not null group by all
    """,
}

UNDER_WAY = """
    select shipment_id, refinery_id, supplier_id, status, volume_barrels as barrels, created_at,
        expected_arrival_date - $as_of::date as due, arrival_date - $as_of::date as said,
        least(greatest(days_delayed, 0), 21) as late,
        status = 'DELIVERED' or shipment_id in (
            select shipment_id from bronze.crude_shipments where status = 'DELIVERED') as has_come
    from silver.crude_shipments where updated_at <= $as_of
"""
LEVELS = """
    select tank_id, measurement_date as day, arg_min(volume_barrels, measurement_timestamp) as opening,
        arg_max(volume_barrels, measurement_timestamp) as closing, max(measurement_timestamp) as closed_at
    from silver.tank_inventory where product_type = 'Crude Oil' and measurement_timestamp <= $as_of
    group by all order by tank_id, day
"""
PARCELS = """
    select destination_tank_id as tank_id, crude_type_id, arrival_date as day, volume_barrels as barrels,
        if(shipment_id in (select shipment_id from bronze.crude_shipments where status = 'DELIVERED'), 'DELIVERED', status)
            as status,
        coalesce(api_gravity_actual, api_gravity_typical) as api,
        coalesce(sulfur_content_actual, sulfur_content_typical) as sulfur
    from silver.crude_shipments where updated_at <= $as_of order by shipment_id
"""


def stock_course(
    shipments: Rows, refinery: str, stock: float, draw: float, hours: int, gone: float, without: str = ""
) -> tuple[float, float]:
    """How often a refinery's stock is below nothing at the end of an hour, in two thousand tries with dice of another make,
    and the lowest of its usual levels. gone: hours of the day that are over. without: a shipment that never comes."""
    delivered = [row for row in shipments if row["status"] == "DELIVERED"]
    usual = Counter(row["late"] for row in delivered)
    tries = []
    for row in shipments:
        is_soon = row["due"] <= (gone + 7 * 24) // 24 or row["status"] == "DELAYED" or row["due"] < 0
        if row["refinery_id"] != refinery or row["has_come"] or row["shipment_id"] == without or not is_soon:
            continue
        own = Counter(each["late"] for each in delivered if each["supplier_id"] == row["supplier_id"])
        chances = {
            row["due"] + late: own[late] + 20 * usual[late] / len(delivered)
            for late in range(22)
            if row["due"] + late >= 0
        }
        if row["status"] == "DELAYED" and row["said"] >= 0:
            chances = {row["said"]: 1.0}
        if 0 in chances:
            chances[0] *= 1 - gone / 24
        if sum(chances.values()) > 0:
            tries.append((row["barrels"], list(chances), list(chances.values())))
    dice, levels = Random(7), []
    for _ in range(2000):
        level = [stock - draw / 24 * hour for hour in range(1, hours + 1)]
        for barrels, days, weights in tries:
            day = dice.choices(days, weights)[0]
            comes = 24 * day + dice.uniform(gone if day == 0 else 0, 24) - gone
            for hour in range(int(comes), hours):
                level[hour] += barrels
        levels.append(level)
    return float(np.mean(np.min(levels, axis=1) < 0)), float(np.median(levels, axis=0).min())


def mixtures(levels: Iterable[Mapping[str, Any]], parcels: Rows) -> dict[str, dict[str, float]]:
    """The share of each grade in each tank, by pouring every parcel in and drawing every day out, one after the other,
    and what is due on the last day at the end."""
    days: dict[str, Rows] = defaultdict(list)
    for row in levels:
        days[row["tank_id"]].append(dict(row))
    found = {}
    for tank, rows in days.items():
        holds = {"unknown": float(rows[0]["opening"])}
        for row in rows:
            for parcel in parcels:
                if (parcel["tank_id"], parcel["day"], parcel["status"]) == (tank, row["day"], "DELIVERED"):
                    grade = parcel["crude_type_id"]
                    holds[grade] = holds.get(grade, 0.0) + parcel["barrels"]
            keeps = row["closing"] / sum(holds.values())
            holds = {grade: barrels * keeps for grade, barrels in holds.items()}
        last = rows[-1]
        known = {grade: barrels for grade, barrels in holds.items() if grade != "unknown"}
        full = {grade: barrels / sum(known.values()) * last["closing"] for grade, barrels in known.items()}
        for parcel in parcels:
            is_due = parcel["status"] != "DELIVERED" and parcel["day"] == last["day"]
            if is_due and parcel["tank_id"] == tank:
                full[parcel["crude_type_id"]] = full.get(parcel["crude_type_id"], 0.0) + parcel["barrels"]
        found[tank] = {grade: barrels / sum(full.values()) for grade, barrels in full.items()}
    return found


def slopes(hours: Rows) -> dict[str, tuple[float, float]]:
    """Per product the slopes of gravity and sulphur, by least squares with a column for each unit."""
    by_product: dict[str, Rows] = defaultdict(list)
    for row in hours:
        by_product[row["product"]].append(row)
    found = {}
    for product, rows in by_product.items():
        units = sorted({row["unit_id"] for row in rows})
        dummies = np.array([[row["unit_id"] == unit for unit in units] for row in rows], dtype=float)
        assay = np.array([[row["api"], row["sulfur"]] for row in rows], dtype=float)
        system = np.hstack([assay - assay.mean(axis=0), dummies])
        if np.linalg.matrix_rank(system) == system.shape[1]:
            fit = np.linalg.lstsq(
                system, np.array([row["yielded"] for row in rows], dtype=float), rcond=None
            )[0]
            found[product] = (float(fit[0]), float(fit[1]))
    return found


def best_margin(tanks: list[Mapping[str, float]], charge: float, limits: Mapping[str, float]) -> float | None:
    """The best margin a day from the tanks, tried in steps (ten thousand of two); None where no step is allowed."""
    best, steps = None, {1: 1, 2: 10_000}.get(len(tanks), 100)
    for cuts in combinations_with_replacement(range(steps + 1), len(tanks) - 1):
        draws = charge / steps * np.diff([0, *cuts, steps])
        if any(draw > tank["usable"] * (1 + 1e-9) for draw, tank in zip(draws, tanks, strict=True)):
            continue
        kilos = [draw * 141.5 / (131.5 + tank["api"]) for draw, tank in zip(draws, tanks, strict=True)]
        api = 141.5 * charge / sum(kilos) - 131.5
        sulfur = sum(weight * tank["sulfur"] for weight, tank in zip(kilos, tanks, strict=True)) / sum(kilos)
        if (
            limits["api_min"] - 1e-6 <= api <= limits["api_max"] + 1e-6
            and sulfur <= limits["sulfur_max_pct"] + 1e-6
        ):
            margin = sum(draw * tank["margin"] for draw, tank in zip(draws, tanks, strict=True))
            best = margin if best is None else max(best, margin)
    return best
