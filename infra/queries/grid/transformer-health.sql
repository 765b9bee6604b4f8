-- Which transformers are most likely to fail?
SELECT
  transformer_id AS transformer,
  risk_level AS risk,
  ROUND(risk_score, 3) AS score,
  main_reason,
  ROUND(overheated_hours, 1) AS overheated_hours,
  ROUND(overloaded_hours, 1) AS overloaded_hours,
  ROUND(gas_ppm, 1) AS gas_ppm,
  ROUND(gas_ppm_a_day, 2) AS gas_ppm_a_day,
  health_index_score AS health_index,
  ROUND(age_years, 1) AS age_years,
  days_since_maintenance,
  customers_served AS customers,
  criticality_tier AS tier,
  CONCAT(
    COALESCE(CAST(region AS VARCHAR), ''),
    COALESCE(CAST(' ' AS VARCHAR), ''),
    COALESCE(CAST(substation_id AS VARCHAR), '')
  ) AS substation
FROM grid_gold.transformer_health
ORDER BY
  risk_score DESC,
  customers_served DESC,
  transformer_id
LIMIT 50
