-- Which sensors should not be trusted?
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
FROM refinery_gold.sensor_trust
WHERE
  is_active
ORDER BY
  trust_score,
  sensor_id
LIMIT 50
