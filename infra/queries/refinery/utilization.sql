-- How much of its capacity does the network use, and each refinery, and which units least?
WITH last_day AS (
  SELECT
    MAX(production_date) AS today
  FROM refinery_gold.refinery_kpis
), days AS (
  SELECT
    k.*,
    k.production_date = l.today AS is_last
  FROM refinery_gold.refinery_kpis AS k
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
    SUM(CAST(unit_hours AS DOUBLE) / coverage) AS hours,
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
    SUM(CAST(a.unit_capacity_bpd * a.observed_hours AS DOUBLE) / 24.0) AS capacity,
    SUM(CASE WHEN a.production_date = l.today THEN a.charge_barrels END) AS last_charge,
    SUM(
      CASE
        WHEN a.production_date = l.today
        THEN CAST(a.unit_capacity_bpd * a.observed_hours AS DOUBLE) / 24.0
      END
    ) AS last_capacity,
    SUM(CAST(a.downtime_minutes AS DOUBLE) / 60.0) AS hours_down,
    SUM(a.observed_hours) AS hours_seen,
    SUM(a.observed_hours + a.unknown_hours) AS hours
  FROM refinery_gold.plan_attainment AS a
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
    ROW_NUMBER() OVER (ORDER BY CAST(charge AS DOUBLE) / NULLIF(capacity, 0), unit_id) AS place
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
    CAST(hours AS DOUBLE) / 24,
    unit_id
  FROM least_used
  WHERE
    place <= 10
)
SELECT
  refinery,
  unit,
  ROUND(CAST(charge AS DOUBLE) / capacity, 3) AS utilization,
  ROUND(CAST(last_charge AS DOUBLE) / NULLIF(last_capacity, 0), 3) AS last_day,
  ROUND(CAST(hours_down AS DOUBLE) / hours_seen, 3) AS downtime,
  ROUND(CAST(1.0 * charge AS DOUBLE) / days) AS barrels_a_day,
  ROUND(CAST(capacity AS DOUBLE) / days) AS capacity_bpd,
  ROUND(CAST(1.0 * hours_seen AS DOUBLE) / hours, 4) AS coverage,
  id
FROM levels
ORDER BY
  level,
  utilization,
  id
