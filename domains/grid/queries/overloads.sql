-- Which transformers carry more than they can?
-- Columns: transformer, its capacity, hours above it in 30 days, highest and mean load as a share of it, hottest oil,
-- customers, substation. The one that is overloaded for longest comes first.
SELECT
    transformer_id AS transformer,
    capacity_kva,
    round(overloaded_hours, 1) AS overloaded_hours,
    round(max_load_percentage / 100, 3) AS highest_load_share,
    round(mean_load_share, 3) AS mean_load_share,
    round(max_oil_temperature_c, 1) AS hottest_oil_c,
    customers_served AS customers,
    concat(region, ' ', substation_id) AS substation
FROM gold.transformer_health
WHERE overloaded_hours > 0
ORDER BY overloaded_hours DESC, transformer_id
LIMIT 50
