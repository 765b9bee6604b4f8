-- Which sensors should not be trusted?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  t.sensor_id AS sensor,
  u.unit_name AS unit,
  t.sensor_type AS measures,
  ROUND(t.trust_score, 1) AS trust_score,
  t.is_stuck AS stuck,
  t.is_drifting AS drifting,
  t.has_gaps AS gaps,
  t.is_silent AS silent,
  ROUND(t.hours_silent, 1) AS hours_silent,
  ROUND(t.bad_share, 4) AS bad_share,
  ROUND(t.suspect_share, 4) AS suspect_share,
  r.refinery_name AS refinery,
  t.unit_id
FROM gold.sensor_trust AS t
LEFT JOIN silver.processing_units AS u
  ON u.unit_id = t.unit_id AND u.is_current
LEFT JOIN silver.refineries AS r
  ON r.refinery_id = t.refinery_id
WHERE
  t.is_active
ORDER BY
  t.trust_score NULLS LAST,
  t.sensor_id NULLS LAST
LIMIT 50
