-- Which units fall behind their peers or their design?
-- Columns: unit, kind, efficiency against design or crude, the same of its peers, utilization, downtime as
-- fractions of the last 30 days. Worst first.
SELECT
    unit_id,
    unit_name,
    unit_type,
    unit_subtype,
    round(efficiency_ratio, 4) AS efficiency_ratio,
    round(peer_efficiency, 4) AS peer_efficiency,
    peers,
    is_below_peers,
    is_below_design,
    round(capacity_utilization, 3) AS utilization,
    round(downtime_percentage, 4) AS downtime
FROM gold.unit_performance
WHERE is_below_peers OR is_below_design
ORDER BY efficiency_ratio - peer_efficiency
