-- How often do units fail, how long do repairs take, and what work is open?
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
      ORDER BY CAST(1.0 * failures AS DOUBLE) / units DESC, failures DESC, unit_type
    ) AS place
  FROM refinery_gold.maintenance_kpis
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
    ROW_NUMBER() OVER (ORDER BY failures DESC, refinery_id, unit_type) AS place
  FROM kinds
)
SELECT
  refinery_name,
  ROUND(CAST(SUM(units * days) AS DOUBLE) / NULLIF(SUM(failures), 0), 0) AS mtbf_days,
  ROUND(
    CAST(SUM(mttr_hours * failures) AS DOUBLE) / NULLIF(SUM(CASE WHEN NOT mttr_hours IS NULL THEN failures END), 0),
    1
  ) AS mttr_hours,
  SUM(backlog) AS open_orders,
  SUM(backlog_repairs) AS open_repairs,
  SUM(backlog_overdue) AS overdue,
  ROUND(
    CAST(SUM(planned_share * finished_orders) AS DOUBLE) / NULLIF(SUM(finished_orders), 0),
    2
  ) AS planned_share,
  ROUND(CAST(CAST(SUM(cost_usd) * 30 AS DOUBLE) / MAX(days) AS DOUBLE) / 1000, 0) AS kusd_a_month,
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
  level,
  mtbf_days,
  refinery_id
