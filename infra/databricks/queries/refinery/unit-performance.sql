-- Which units fall behind their peers or their design?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  unit_id,
  unit_name,
  unit_type,
  unit_subtype,
  ROUND(efficiency_ratio, 4) AS efficiency_ratio,
  ROUND(peer_efficiency, 4) AS peer_efficiency,
  peers,
  is_below_peers,
  is_below_design,
  ROUND(capacity_utilization, 3) AS utilization,
  ROUND(downtime_percentage, 4) AS downtime
FROM gold.unit_performance
WHERE
  is_below_peers OR is_below_design
ORDER BY
  efficiency_ratio - peer_efficiency NULLS LAST
