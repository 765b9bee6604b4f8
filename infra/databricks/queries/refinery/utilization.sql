-- How much of its capacity does the network use, and each refinery, and which units least?
USE CATALOG IDENTIFIER(:catalog);
WITH last_day AS (
  SELECT
    MAX(production_date) AS today
  FROM gold.refinery_kpis
), days AS (
  SELECT
    k.*,
    k.production_date = l.today AS is_last
  FROM gold.refinery_kpis AS k
  CROSS JOIN last_day AS l
  WHERE
    k.production_date > l.today - INTERVAL '7' DAY
), refineries AS (
  SELECT
    refinery_id,
    refinery_name,
    SUM(crude_barrels_per_day) AS charge,
    SUM(capacity_bpd) AS capacity,
    SUM(CASE WHEN is_last THEN crude_barrels_per_day END) AS last_charge,
    SUM(CASE WHEN is_last THEN capacity_bpd END) AS last_capacity,
    SUM(downtime_percentage * unit_hours) AS hours_down,
    SUM(unit_hours) AS hours_seen,
    SUM(unit_hours / coverage) AS hours,
    COUNT(*) AS days
  FROM days
  GROUP BY
    refinery_id,
    refinery_name
), units AS (
  SELECT
    a.refinery_id,
    a.refinery_name,
    a.unit_id,
    a.unit_name,
    SUM(a.charge_barrels) AS charge,
    SUM(a.unit_capacity_bpd * a.observed_hours / 24.0) AS capacity,
    SUM(CASE WHEN a.production_date = l.today THEN a.charge_barrels END) AS last_charge,
    SUM(
      CASE
        WHEN a.production_date = l.today
        THEN a.unit_capacity_bpd * a.observed_hours / 24.0
      END
    ) AS last_capacity,
    SUM(a.downtime_minutes / 60.0) AS hours_down,
    SUM(a.observed_hours) AS hours_seen,
    SUM(a.observed_hours + a.unknown_hours) AS hours
  FROM gold.plan_attainment AS a
  CROSS JOIN last_day AS l
  WHERE
    a.production_date > l.today - INTERVAL '7' DAY
  GROUP BY
    a.refinery_id,
    a.refinery_name,
    a.unit_id,
    a.unit_name
), least_used AS (
  SELECT
    *,
    ROW_NUMBER() OVER (ORDER BY charge / NULLIF(capacity, 0) NULLS LAST, unit_id NULLS LAST) AS place
  FROM units
  WHERE
    capacity > 0
), levels AS (
  SELECT
    0 AS level,
    'all refineries' AS refinery,
    'crude units' AS unit,
    SUM(charge) AS charge,
    SUM(capacity) AS capacity,
    SUM(last_charge) AS last_charge,
    SUM(last_capacity) AS last_capacity,
    SUM(hours_down) AS hours_down,
    SUM(hours_seen) AS hours_seen,
    SUM(hours) AS hours,
    MAX(days) AS days,
    'all' AS id
  FROM refineries
  UNION ALL
  SELECT
    1 AS level,
    refinery_name,
    'crude units',
    charge,
    capacity,
    last_charge,
    last_capacity,
    hours_down,
    hours_seen,
    hours,
    days,
    refinery_id
  FROM refineries
  UNION ALL
  SELECT
    2 AS level,
    refinery_name,
    unit_name,
    charge,
    capacity,
    last_charge,
    last_capacity,
    hours_down,
    hours_seen,
    hours,
    hours / 24,
    unit_id
  FROM least_used
  WHERE
    place <= 10
)
SELECT
  refinery,
  unit,
  ROUND(charge / capacity, 3) AS utilization,
  ROUND(last_charge / NULLIF(last_capacity, 0), 3) AS last_day,
  ROUND(hours_down / hours_seen, 3) AS downtime,
  ROUND(1.0 * charge / days) AS barrels_a_day,
  ROUND(capacity / days) AS capacity_bpd,
  ROUND(1.0 * hours_seen / hours, 4) AS coverage,
  id
FROM levels
ORDER BY
  level NULLS LAST,
  utilization NULLS LAST,
  id NULLS LAST
