-- How does production efficiency develop, week by week?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  week_start,
  MAX(days) AS days,
  SUM(total_crude_processed) AS crude_barrels,
  ROUND(AVG(capacity_utilization), 3) AS utilization,
  ROUND(AVG(efficiency_ratio), 4) AS efficiency_ratio,
  ROUND(AVG(efficiency_ratio_change), 4) AS efficiency_change,
  ROUND(AVG(energy_intensity), 4) AS energy_mmbtu_per_barrel,
  ROUND(AVG(downtime_percentage), 4) AS downtime,
  ROUND(AVG(on_spec_rate), 3) AS on_spec_rate
FROM gold.weekly_trend
GROUP BY
  week_start
ORDER BY
  week_start DESC
