-- Which transformers are most likely to fail?
-- Columns: transformer, risk level and score, the part that weighs most, hours overheated and overloaded in 30 days, gas
-- in ppm and its growth a day, health index, age, days since maintenance, customers, tier, zone. The worst comes first.
SELECT
    transformer_id AS transformer,
    risk_level AS risk,
    round(risk_score, 3) AS score,
    main_reason,
    round(overheated_hours, 1) AS overheated_hours,
    round(overloaded_hours, 1) AS overloaded_hours,
    round(gas_ppm, 1) AS gas_ppm,
    round(gas_ppm_a_day, 2) AS gas_ppm_a_day,
    health_index_score AS health_index,
    round(age_years, 1) AS age_years,
    days_since_maintenance,
    customers_served AS customers,
    criticality_tier AS tier,
    concat(region, ' ', substation_id) AS substation
FROM gold.transformer_health
ORDER BY risk_score DESC, customers_served DESC, transformer_id
LIMIT 50
