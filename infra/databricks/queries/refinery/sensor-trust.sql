-- Which sensors should not be trusted?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  sensor_id,
  unit_id,
  sensor_type,
  ROUND(trust_score, 1) AS trust_score,
  is_silent,
  has_gaps,
  is_stuck,
  is_drifting,
  ROUND(hours_silent, 1) AS hours_silent,
  ROUND(bad_share, 4) AS bad_share,
  ROUND(suspect_share, 4) AS suspect_share
FROM gold.sensor_trust
WHERE
  is_active
ORDER BY
  trust_score NULLS LAST,
  sensor_id NULLS LAST
LIMIT 50
