-- Which sensors should not be trusted?
-- Columns: sensor, unit, what it measures, score out of 100, what is wrong, hours since its last reading.
SELECT
    sensor_id,
    unit_id,
    sensor_type,
    round(trust_score, 1) AS trust_score,
    is_silent,
    has_gaps,
    is_stuck,
    is_drifting,
    round(hours_silent, 1) AS hours_silent,
    round(bad_share, 4) AS bad_share,
    round(suspect_share, 4) AS suspect_share
FROM gold.sensor_trust
WHERE is_active
ORDER BY trust_score, sensor_id
LIMIT 50
