-- Which units fall behind their peers or their design?
-- Columns: unit, its refinery, efficiency against design or crude, the same of its peers, whether it is below them and
-- below its design, kind, number of peers, utilization and downtime as fractions of the last 30 days. Worst first.
SELECT
    u.unit_name AS unit,
    r.refinery_name AS refinery,
    round(u.efficiency_ratio, 4) AS efficiency,
    round(u.peer_efficiency, 4) AS of_peers,
    u.is_below_peers AS below_peers,
    u.is_below_design AS below_design,
    u.unit_type,
    u.unit_subtype,
    u.peers,
    round(u.capacity_utilization, 3) AS utilization,
    round(u.downtime_percentage, 4) AS downtime,
    u.unit_id
FROM gold.unit_performance u
JOIN silver.refineries r ON r.refinery_id = u.refinery_id
WHERE u.is_below_peers OR u.is_below_design
ORDER BY u.efficiency_ratio - u.peer_efficiency, u.unit_id
