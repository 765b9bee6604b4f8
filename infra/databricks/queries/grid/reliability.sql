-- How long and how often were customers without supply?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  region,
  month,
  days,
  ROUND(saidi_minutes, 1) AS saidi_minutes,
  ROUND(saifi, 4) AS saifi,
  ROUND(caidi_minutes, 1) AS caidi_minutes,
  interruptions,
  ROUND(planned_customer_minutes / NULLIF(customers, 0), 1) AS planned_minutes,
  customers
FROM gold.reliability_indices
ORDER BY
  month DESC,
  saidi_minutes DESC,
  region NULLS LAST
LIMIT 60
