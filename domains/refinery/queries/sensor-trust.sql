-- Which sensors should not be trusted?
-- Columns: sensor, unit, what it measures there, score out of 100, what is wrong, hours since its last reading, refinery.
SELECT
    t.sensor_id AS sensor,
    u.unit_name AS unit,
    t.sensor_type AS measures,
    round(t.trust_score, 1) AS trust_score,
    t.is_stuck AS stuck,
    t.is_drifting AS drifting,
    t.has_gaps AS gaps,
    t.is_silent AS silent,
    round(t.hours_silent, 1) AS hours_silent,
    round(t.bad_share, 4) AS bad_share,
    round(t.suspect_share, 4) AS suspect_share,
    r.refinery_name AS refinery,
    t.unit_id
FROM gold.sensor_trust t
LEFT JOIN silver.processing_units u ON u.unit_id = t.unit_id AND u.is_current
LEFT JOIN silver.refineries r ON r.refinery_id = t.refinery_id
WHERE t.is_active
ORDER BY t.trust_score, t.sensor_id
LIMIT 50
