-- What does maintenance cost, how long does it take, and what is left to do?
USE CATALOG IDENTIFIER(:catalog);
WITH costs AS (
  SELECT
    region AS costly,
    SUM(cost_inr) AS of_region
  FROM gold.maintenance_summary
  GROUP BY
    region
)
SELECT
  region,
  maintenance_type AS kind,
  jobs,
  finished_jobs AS done,
  backlog,
  backlog_overdue AS overdue,
  oldest_open_days,
  ROUND(cost_inr, 0) AS cost_inr,
  ROUND(mean_hours_to_repair, 1) AS working_hours,
  ROUND(mean_days_open, 1) AS days_open,
  ROUND(mean_downtime_hours, 1) AS hours_off,
  main_cause,
  exported_until
FROM gold.maintenance_summary
JOIN costs
  ON costly = region
ORDER BY
  of_region DESC,
  region NULLS LAST,
  cost_inr DESC
