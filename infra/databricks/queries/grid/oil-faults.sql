-- Which transformers' oil tells of a fault?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  d.transformer_id AS transformer,
  CAST(d.sampled_at AS DATE) AS sampled,
  d.gas_condition AS condition,
  d.fault_by_duval AS by_duval,
  d.fault_by_rogers AS by_rogers,
  CASE d.fault_by_duval
    WHEN 'PD'
    THEN 'partial discharge'
    WHEN 'D1'
    THEN 'discharge of low energy'
    WHEN 'D2'
    THEN 'discharge of high energy'
    WHEN 'T1'
    THEN 'heat below 300 C'
    WHEN 'T2'
    THEN 'heat of 300 to 700 C'
    WHEN 'T3'
    THEN 'heat above 700 C'
    WHEN 'DT'
    THEN 'heat and discharge'
  END AS in_words,
  ROUND(d.hydrogen_ppm, 0) AS hydrogen,
  ROUND(d.methane_ppm, 0) AS methane,
  ROUND(d.ethane_ppm, 0) AS ethane,
  ROUND(d.ethylene_ppm, 0) AS ethylene,
  ROUND(d.acetylene_ppm, 1) AS acetylene,
  ROUND(d.combustible_ppm_a_day, 2) AS ppm_a_day,
  ROUND(h.gas_ppm, 0) AS device_ppm,
  h.customers_served AS customers,
  CONCAT(COALESCE(h.region, ''), ' ', COALESCE(h.substation_id, '')) AS substation
FROM gold.gas_diagnoses AS d
JOIN gold.transformer_health AS h
  ON h.transformer_id = d.transformer_id
WHERE
  d.is_last
  AND d.tells_of_fault
  AND COALESCE(CAST(d.sampled_at AS DATE) > h.last_maintenance_date, TRUE)
ORDER BY
  d.gas_condition DESC,
  COALESCE(d.combustible_ppm_a_day, 0) DESC,
  d.transformer_id NULLS LAST
LIMIT 50
