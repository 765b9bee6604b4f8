-- What do renewable plants make of their capacity, and how well is it foreseen?
-- Columns: plant, kind, capacity, energy of the whole days of the last week, capacity factor, share that was curtailed, mean error of the
-- forecast and of the day before as shares of what was made, readings with an inverter in fault. The lowest first.
SELECT
    plant_id AS plant,
    plant_type AS kind,
    max(capacity_mw) AS capacity_mw,
    round(sum(energy_mwh), 1) AS energy_mwh,
    round(sum(energy_mwh) / (24 * sum(capacity_mw)), 3) AS capacity_factor,
    round(sum(curtailed_mwh) / nullif(sum(curtailed_mwh + energy_mwh), 0), 4) AS curtailed_share,
    round(sum(abs(forecast_mwh - energy_mwh)) / nullif(sum(energy_mwh), 0), 3) AS forecast_error,
    round(sum(abs(naive_mwh - energy_mwh)) / nullif(sum(energy_mwh), 0), 3) AS naive_error,
    sum(fault_readings) AS fault_readings
FROM gold.renewable_days
WHERE is_whole AND production_date > (SELECT max(production_date) FROM gold.renewable_days) - INTERVAL '7' DAY
GROUP BY plant_id, plant_type
ORDER BY kind, capacity_factor, plant
LIMIT 90
