-- What do renewable plants make of their capacity, and how well is it foreseen?
SELECT
  plant_id AS plant,
  plant_type AS kind,
  MAX(capacity_mw) AS capacity_mw,
  ROUND(SUM(energy_mwh), 1) AS energy_mwh,
  ROUND(CAST(SUM(energy_mwh) AS DOUBLE) / (
    24 * SUM(capacity_mw)
  ), 3) AS capacity_factor,
  ROUND(CAST(SUM(curtailed_mwh) AS DOUBLE) / NULLIF(SUM(curtailed_mwh + energy_mwh), 0), 4) AS curtailed_share,
  ROUND(
    CAST(SUM(ABS(forecast_mwh - energy_mwh)) AS DOUBLE) / NULLIF(SUM(energy_mwh), 0),
    3
  ) AS forecast_error,
  ROUND(CAST(SUM(ABS(naive_mwh - energy_mwh)) AS DOUBLE) / NULLIF(SUM(energy_mwh), 0), 3) AS naive_error,
  SUM(fault_readings) AS fault_readings
FROM grid_gold.renewable_days
WHERE
  is_whole
  AND production_date > (
    SELECT
      MAX(production_date)
    FROM grid_gold.renewable_days
  ) - INTERVAL '7' DAY
GROUP BY
  plant_id,
  plant_type
ORDER BY
  kind,
  capacity_factor,
  plant
LIMIT 90
