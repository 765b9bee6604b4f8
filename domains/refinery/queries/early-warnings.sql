-- Which processing units show early warning signs of failure?
-- Columns: unit with its id, sign (STRONG or WEAK where several sensors of a kind move towards a limit, STANDS,
-- RESTARTED or NEW LOAD where its levels are too new to tell, NONE), hours in which the first of these sensors is at its
-- critical limit if it goes on as it does (at most: run-ups become faster, and units mostly fail sooner) and at a warning,
-- the sensors that move, the first one with its limit and its value, the chance that a unit with such signs fails within a
-- week, since when and why it stands, refinery, maintenance. The worst first.
SELECT
    concat(unit_name, ' ', unit_id) AS unit,
    sign,
    round(hours_to_critical) AS at_most_hours_to_critical,
    driving_sensors,
    round(confidence, 2) AS confidence,
    CASE WHEN sensor_id IS NOT NULL
        THEN concat(sensor_id, ' ', limit_kind, ' ', CAST(limit_value AS VARCHAR), ' ', measurement_unit) END AS first_limit,
    round(current_value, 1) AS it_reads,
    round(usual_value, 1) AS usually,
    round(hours_to_warning) AS at_most_hours_to_warning,
    stands_since,
    downtime_cause,
    refinery_name,
    maintenance_status
FROM gold.early_warnings
ORDER BY urgency
LIMIT 10
