-- When and where is most energy drawn?
SELECT
  CONCAT(
    COALESCE(CAST(region AS VARCHAR), ''),
    COALESCE(CAST(' ' AS VARCHAR), ''),
    COALESCE(CAST(grid_zone AS VARCHAR), '')
  ) AS zone,
  reading_date AS day,
  peak_hour,
  ROUND(peak_kw, 1) AS peak_kw,
  ROUND(mean_kw, 1) AS mean_kw,
  ROUND(load_factor, 3) AS load_factor,
  ROUND(estimated_share, 3) AS estimated_share
FROM grid_gold.peak_demand
WHERE
  hours = 24
  AND reading_date > (
    SELECT
      MAX(reading_date)
    FROM grid_gold.peak_demand
  ) - INTERVAL '7' DAY
ORDER BY
  peak_kw DESC,
  day,
  zone
LIMIT 50
