-- How often do units fail, how long do repairs take, and what work is open?
USE CATALOG IDENTIFIER(:catalog);
WITH parts AS (
  SELECT
    1 AS level,
    refinery_id,
    refinery_name,
    unit_type,
    units,
    days,
    failures,
    mttr_hours,
    backlog,
    backlog_repairs,
    backlog_overdue,
    planned_share,
    finished_orders,
    cost_usd
  FROM gold.maintenance_kpis
  UNION ALL
  SELECT
    0 AS level,
    'all' AS refinery_id,
    'all refineries' AS refinery_name,
    unit_type,
    units,
    days,
    failures,
    mttr_hours,
    backlog,
    backlog_repairs,
    backlog_overdue,
    planned_share,
    finished_orders,
    cost_usd
  FROM gold.maintenance_kpis
), types AS (
  SELECT
    refinery_id,
    unit_type,
    ROW_NUMBER() OVER (
      PARTITION BY refinery_id
      ORDER BY 1.0 * SUM(failures) / SUM(units) DESC, SUM(failures) DESC, unit_type NULLS LAST
    ) AS place
  FROM parts
  GROUP BY
    refinery_id,
    unit_type
  HAVING
    SUM(failures) > 0
), repairs AS (
  SELECT
    refinery_id,
    cause_found
  FROM silver.work_orders
  WHERE
    kind = 'CORRECTIVE'
    AND cause_found <> 'Not found'
    AND refinery_id IN (
      SELECT
        refinery_id
      FROM gold.maintenance_kpis
    )
    AND finished_at > (
      SELECT
        MAX(updated_at)
      FROM silver.work_orders
    ) - INTERVAL '180' DAY
), causes AS (
  SELECT
    refinery_id,
    cause_found,
    ROW_NUMBER() OVER (PARTITION BY refinery_id ORDER BY COUNT(*) DESC, cause_found NULLS LAST) AS place
  FROM (
    SELECT
      *
    FROM repairs
    UNION ALL
    SELECT
      'all' AS refinery_id,
      cause_found
    FROM repairs
  ) AS found
  GROUP BY
    refinery_id,
    cause_found
), missed AS (
  SELECT
    refinery_id,
    gap_barrels
  FROM gold.plan_attainment
  WHERE
    downtime_minutes > planned_stand_minutes
    AND gap_barrels > 0
    AND refinery_id IN (
      SELECT
        refinery_id
      FROM gold.maintenance_kpis
    )
    AND production_date > (
      SELECT
        MAX(production_date)
      FROM gold.plan_attainment
    ) - INTERVAL '180' DAY
), lost AS (
  SELECT
    refinery_id,
    SUM(gap_barrels) AS barrels
  FROM (
    SELECT
      *
    FROM missed
    UNION ALL
    SELECT
      'all' AS refinery_id,
      gap_barrels
    FROM missed
  ) AS found
  GROUP BY
    refinery_id
)
SELECT
  refinery_name,
  ROUND(SUM(units * days) / NULLIF(SUM(failures), 0), 0) AS mtbf_days,
  ROUND(
    SUM(mttr_hours * failures) / NULLIF(SUM(CASE WHEN NOT mttr_hours IS NULL THEN failures END), 0),
    1
  ) AS mttr_hours,
  SUM(backlog) AS open_orders,
  SUM(backlog_repairs) AS open_repairs,
  SUM(backlog_overdue) AS overdue,
  ROUND(SUM(planned_share * finished_orders) / NULLIF(SUM(finished_orders), 0), 2) AS planned_share,
  ROUND(SUM(cost_usd) * 30 / MAX(days) / 1000, 0) AS kusd_a_month,
  SUM(failures) AS failures,
  MAX(t.unit_type) AS fails_most,
  MAX(c.cause_found) AS by_cause,
  ROUND(COALESCE(MAX(l.barrels), 0)) AS barrels_lost,
  p.refinery_id
FROM parts AS p
LEFT JOIN types AS t
  ON t.refinery_id = p.refinery_id AND t.place = 1
LEFT JOIN causes AS c
  ON c.refinery_id = p.refinery_id AND c.place = 1
LEFT JOIN lost AS l
  ON l.refinery_id = p.refinery_id
GROUP BY
  level,
  p.refinery_id,
  refinery_name
ORDER BY
  level NULLS LAST,
  mtbf_days NULLS LAST,
  p.refinery_id NULLS LAST
