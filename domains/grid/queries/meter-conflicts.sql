-- Which meters do the masters and the readings contradict each other about?
-- Columns: meter, what contradicts, who owns it by the customer master, whom readings name, readings and energy that
-- nobody can be billed for. The most energy comes first.
SELECT
    meter_id AS meter,
    conflict,
    array_to_string(owners, ', ') AS owners,
    array_to_string(customers, ', ') AS customers,
    readings,
    round(measured_kwh, 2) AS measured_kwh
FROM gold.meter_conflicts
ORDER BY measured_kwh DESC, meter_id, conflict
LIMIT 50
