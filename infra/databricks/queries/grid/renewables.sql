-- What do renewable plants make of their capacity, and how well is it foreseen?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  plant_id AS plant,
  plant_type AS kind,
  MAX(capacity_mw) AS capacity_mw,
  ROUND(SUM(energy_mwh), 1) AS energy_mwh,
  ROUND(SUM(energy_mwh) / (
    24 * SUM(capacity_mw)
  ), 3) AS capacity_factor,
  ROUND(SUM(curtailed_mwh) / NULLIF(SUM(curtailed_mwh + energy_mwh), 0), 4) AS curtailed_share,
  ROUND(SUM(ABS(forecast_mwh - energy_mwh)) / NULLIF(SUM(energy_mwh), 0), 3) AS forecast_error,
  ROUND(SUM(ABS(naive_mwh - energy_mwh)) / NULLIF(SUM(energy_mwh), 0), 3) AS naive_error,
  SUM(fault_readings) AS fault_readings
FROM gold.renewable_days
WHERE
  is_whole
  AND production_date > (
    SELECT
      MAX(production_date)
    FROM gold.renewable_days
  ) - INTERVAL '7' DAY
GROUP BY
  plant_id,
  plant_type
ORDER BY
  kind NULLS LAST,
  capacity_factor NULLS LAST,
  plant NULLS LAST
LIMIT 90
