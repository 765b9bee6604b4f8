-- How does production efficiency develop, week by week?
USE CATALOG IDENTIFIER(:catalog);
WITH network AS (
  SELECT
    week_start,
    MAX(days) AS days,
    SUM(total_crude_processed) AS crude_barrels,
    SUM(efficiency_ratio * efficiency_charge) / SUM(CASE WHEN NOT efficiency_ratio IS NULL THEN efficiency_charge END) AS efficiency_ratio,
    SUM(capacity_utilization * capacity_barrels) / SUM(capacity_barrels) AS utilization,
    SUM(energy_intensity * total_products_produced) / SUM(CASE WHEN NOT energy_intensity IS NULL THEN total_products_produced END) AS energy_mmbtu_per_barrel,
    SUM(downtime_percentage * unit_hours) / SUM(unit_hours) AS downtime,
    SUM(on_spec_rate * graded_hours) / SUM(CASE WHEN NOT on_spec_rate IS NULL THEN graded_hours END) AS on_spec_rate,
    SUM(unit_hours) / SUM(unit_hours / coverage) AS coverage
  FROM gold.weekly_trend
  GROUP BY
    week_start
)
SELECT
  week_start,
  ROUND(efficiency_ratio, 4) AS efficiency_ratio,
  ROUND(efficiency_ratio - LAG(efficiency_ratio) OVER (ORDER BY week_start NULLS LAST), 4) AS efficiency_change,
  ROUND(utilization, 3) AS utilization,
  ROUND(energy_mmbtu_per_barrel, 4) AS energy_mmbtu_per_barrel,
  ROUND(downtime, 4) AS downtime,
  ROUND(on_spec_rate, 3) AS on_spec_rate,
  crude_barrels,
  days,
  ROUND(coverage, 4) AS coverage
FROM network
ORDER BY
  week_start DESC
