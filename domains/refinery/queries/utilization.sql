-- How much of its capacity does the network use, and each refinery, and which units least?
-- Columns: refinery and unit (crude units stand for a refinery), utilization over the last seven days and on the last day,
-- downtime, charge a day, capacity, the share of the hours that came through; hours that are missing count as the others
-- of their unit. The network comes first, then refineries, then the ten units that are used least.
WITH last_day AS (
    SELECT max(production_date) AS today FROM gold.refinery_kpis
),
days AS (
    SELECT k.*, k.production_date = l.today AS is_last
    FROM gold.refinery_kpis k
    CROSS JOIN last_day l
    WHERE k.production_date > l.today - INTERVAL '7' DAY
),
refineries AS (
    SELECT
        refinery_id,
        refinery_name,
        sum(crude_barrels_per_day) AS charge,
        sum(capacity_bpd) AS capacity,
        sum(CASE WHEN is_last THEN crude_barrels_per_day END) AS last_charge,
        sum(CASE WHEN is_last THEN capacity_bpd END) AS last_capacity,
        sum(downtime_percentage * unit_hours) AS hours_down,
        sum(unit_hours) AS hours_seen,
        sum(unit_hours / coverage) AS hours,
        count(*) AS days
    FROM days
    GROUP BY refinery_id, refinery_name
),
units AS (
    SELECT
        a.refinery_id,
        a.refinery_name,
        a.unit_id,
        a.unit_name,
        sum(a.charge_barrels) AS charge,
        sum(a.unit_capacity_bpd * a.observed_hours / 24.0) AS capacity,
        sum(CASE WHEN a.production_date = l.today THEN a.charge_barrels END) AS last_charge,
        sum(CASE WHEN a.production_date = l.today THEN a.unit_capacity_bpd * a.observed_hours / 24.0 END) AS last_capacity,
        sum(a.downtime_minutes / 60.0) AS hours_down,
        sum(a.observed_hours) AS hours_seen,
        sum(a.observed_hours + a.unknown_hours) AS hours
    FROM gold.plan_attainment a
    CROSS JOIN last_day l
    WHERE a.production_date > l.today - INTERVAL '7' DAY
    GROUP BY a.refinery_id, a.refinery_name, a.unit_id, a.unit_name
),
least_used AS (
    SELECT *, row_number() OVER (ORDER BY charge / nullif(capacity, 0), unit_id) AS place FROM units WHERE capacity > 0
),
levels AS (
    SELECT 0 AS level, 'all refineries' AS refinery, 'crude units' AS unit, sum(charge) AS charge, sum(capacity) AS capacity,
        sum(last_charge) AS last_charge, sum(last_capacity) AS last_capacity, sum(hours_down) AS hours_down,
        sum(hours_seen) AS hours_seen, sum(hours) AS hours, max(days) AS days, 'all' AS id
    FROM refineries
    UNION ALL
    SELECT 1 AS level, refinery_name, 'crude units', charge, capacity, last_charge, last_capacity, hours_down, hours_seen,
        hours, days, refinery_id
    FROM refineries
    UNION ALL
    SELECT 2 AS level, refinery_name, unit_name, charge, capacity, last_charge, last_capacity, hours_down, hours_seen, hours,
        hours / 24, unit_id
    FROM least_used
    WHERE place <= 10
)
SELECT
    refinery,
    unit,
    round(charge / capacity, 3) AS utilization,
    round(last_charge / nullif(last_capacity, 0), 3) AS last_day,
    round(hours_down / hours_seen, 3) AS downtime,
    round(1.0 * charge / days) AS barrels_a_day,
    round(capacity / days) AS capacity_bpd,
    round(1.0 * hours_seen / hours, 4) AS coverage,
    id
FROM levels
ORDER BY level, utilization, id
