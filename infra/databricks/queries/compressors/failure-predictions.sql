-- Which machines that run are the likeliest to fail soon, and why?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  n.compressor_id AS machine,
  f.station_name AS station,
  n.predicted_at,
  ROUND(n.failure_within_24h, 3) AS within_24h,
  ROUND(n.failure_within_48h, 3) AS within_48h,
  ROUND(n.failure_within_168h, 3) AS within_168h,
  ROUND(n.remaining_hours, 0) AS remaining_hours,
  ROUND(n.remaining_hours_low, 0) AS at_least,
  ROUND(n.remaining_hours_high, 0) AS at_most,
  n.reason_1,
  n.reason_2,
  n.reason_3,
  n.model_id AS model
FROM (
  SELECT
    p.*,
    ROW_NUMBER() OVER (PARTITION BY p.compressor_id ORDER BY p.predicted_at DESC) AS nth,
    MAX(p.predicted_at) OVER () AS newest
  FROM gold.ml_predictions AS p
) AS n
LEFT JOIN silver.compressor_metadata AS f
  ON f.compressor_id = n.compressor_id AND f.is_current
WHERE
  n.nth = 1 AND n.predicted_at >= n.newest - INTERVAL '2' HOUR
ORDER BY
  n.failure_within_168h DESC,
  n.compressor_id NULLS LAST
LIMIT 50
