-- When and where is most energy drawn?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  CONCAT(COALESCE(region, ''), ' ', COALESCE(grid_zone, '')) AS zone,
  reading_date AS day,
  peak_hour,
  ROUND(peak_kw, 1) AS peak_kw,
  ROUND(mean_kw, 1) AS mean_kw,
  ROUND(load_factor, 3) AS load_factor,
  ROUND(estimated_share, 3) AS estimated_share
FROM gold.peak_demand
WHERE
  hours = 24
  AND reading_date > (
    SELECT
      MAX(reading_date)
    FROM gold.peak_demand
  ) - INTERVAL '7' DAY
ORDER BY
  peak_kw DESC,
  day NULLS LAST,
  zone NULLS LAST
LIMIT 50
