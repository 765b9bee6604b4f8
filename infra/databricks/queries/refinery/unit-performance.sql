-- Which units fall behind their peers or their design?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  u.unit_name AS unit,
  r.refinery_name AS refinery,
  ROUND(u.efficiency_ratio, 4) AS efficiency,
  ROUND(u.peer_efficiency, 4) AS of_peers,
  u.is_below_peers AS below_peers,
  u.is_below_design AS below_design,
  u.unit_type,
  u.unit_subtype,
  u.peers,
  ROUND(u.capacity_utilization, 3) AS utilization,
  ROUND(u.downtime_percentage, 4) AS downtime,
  u.unit_id
FROM gold.unit_performance AS u
JOIN silver.refineries AS r
  ON r.refinery_id = u.refinery_id
WHERE
  u.is_below_peers OR u.is_below_design
ORDER BY
  u.efficiency_ratio - u.peer_efficiency NULLS LAST,
  u.unit_id NULLS LAST
