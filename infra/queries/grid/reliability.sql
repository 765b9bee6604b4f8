-- How long and how often were customers without supply?
SELECT
  region,
  month,
  ROUND(saidi_minutes, 1) AS saidi_minutes,
  ROUND(saifi, 4) AS saifi,
  ROUND(caidi_minutes, 1) AS caidi_minutes,
  interruptions,
  customers
FROM grid_gold.reliability_indices
ORDER BY
  month DESC,
  saidi_minutes DESC,
  region
LIMIT 60
