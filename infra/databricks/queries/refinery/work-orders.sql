-- How often do units fail, how long do repairs take, and what work is open?
USE CATALOG IDENTIFIER(:catalog);
WITH kinds AS (
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
    cost_usd,
    main_cause,
    ROW_NUMBER() OVER (
      PARTITION BY refinery_id
      ORDER BY 1.0 * failures / units DESC, failures DESC, unit_type NULLS LAST
    ) AS place
  FROM gold.maintenance_kpis
), parts AS (
  SELECT
    *
  FROM kinds
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
    cost_usd,
    main_cause,
    ROW_NUMBER() OVER (ORDER BY failures DESC, refinery_id NULLS LAST, unit_type NULLS LAST) AS place
  FROM kinds
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
  MAX(CASE WHEN place = 1 AND failures > 0 THEN unit_type END) AS fails_most,
  MAX(CASE WHEN place = 1 AND failures > 0 THEN main_cause END) AS by_cause,
  refinery_id
FROM parts
GROUP BY
  level,
  refinery_id,
  refinery_name
ORDER BY
  level NULLS LAST,
  mtbf_days NULLS LAST,
  refinery_id NULLS LAST
