-- Which transformers' oil tells of a fault?
-- Columns: transformer, day of the last sample, condition by IEEE C57.104 (1 to 4), fault by Duval's triangle and by Rogers'
-- ratios, in words by the triangle, gases in ppm, growth a day since the sample before, gas by the device now, customers,
-- substation. The worst condition comes first; samples before the last maintenance are left out.
SELECT
    d.transformer_id AS transformer,
    CAST(d.sampled_at AS DATE) AS sampled,
    d.gas_condition AS condition,
    d.fault_by_duval AS by_duval,
    d.fault_by_rogers AS by_rogers,
    CASE d.fault_by_duval
        WHEN 'PD' THEN 'partial discharge'
        WHEN 'D1' THEN 'discharge of low energy'
        WHEN 'D2' THEN 'discharge of high energy'
        WHEN 'T1' THEN 'heat below 300 C'
        WHEN 'T2' THEN 'heat of 300 to 700 C'
        WHEN 'T3' THEN 'heat above 700 C'
        WHEN 'DT' THEN 'heat and discharge'
    END AS in_words,
    round(d.hydrogen_ppm, 0) AS hydrogen,
    round(d.methane_ppm, 0) AS methane,
    round(d.ethane_ppm, 0) AS ethane,
    round(d.ethylene_ppm, 0) AS ethylene,
    round(d.acetylene_ppm, 1) AS acetylene,
    round(d.combustible_ppm_a_day, 2) AS ppm_a_day,
    round(h.gas_ppm, 0) AS device_ppm,
    h.customers_served AS customers,
    concat(h.region, ' ', h.substation_id) AS substation
FROM gold.gas_diagnoses AS d
JOIN gold.transformer_health AS h ON h.transformer_id = d.transformer_id
WHERE d.is_last AND d.tells_of_fault
    AND coalesce(CAST(d.sampled_at AS DATE) > h.last_maintenance_date, true)
ORDER BY d.gas_condition DESC, coalesce(d.combustible_ppm_a_day, 0) DESC, d.transformer_id
LIMIT 50
