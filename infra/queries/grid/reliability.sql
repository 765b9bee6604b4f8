-- How long and how often were customers without supply?
SELECT
  region,
  month,
  days,
  ROUND(saidi_minutes, 1) AS saidi_minutes,
  ROUND(saifi, 4) AS saifi,
  ROUND(caidi_minutes, 1) AS caidi_minutes,
  interruptions,
  ROUND(CAST(planned_customer_minutes AS DOUBLE) / NULLIF(customers, 0), 1) AS planned_minutes,
  customers
FROM grid_gold.reliability_indices
ORDER BY
  month DESC,
  saidi_minutes DESC,
  region
LIMIT 60
