-- How does crude quality (API gravity, sulphur) affect what comes out?
-- Columns: product, its yield in the lightest and the heaviest band of crude, what one degree of API gravity
-- and one per cent of sulphur change of its yield, and how closely the yield follows each.
SELECT
    product_name,
    product_category,
    sum(sample_count) AS hours,
    round(
        sum(CASE WHEN api_gravity_band IN ('31.1 to 40', '40 and above') THEN avg_yield * sample_count END)
        / sum(CASE WHEN api_gravity_band IN ('31.1 to 40', '40 and above') THEN sample_count END), 4
    ) AS yield_of_light_crude,
    round(
        sum(CASE WHEN api_gravity_band IN ('below 22.3', '22.3 to 31.1') THEN avg_yield * sample_count END)
        / sum(CASE WHEN api_gravity_band IN ('below 22.3', '22.3 to 31.1') THEN sample_count END), 4
    ) AS yield_of_heavier_crude,
    round(max(yield_per_api_gravity), 5) AS yield_per_api_degree,
    round(max(api_gravity_correlation), 2) AS api_correlation,
    round(max(yield_per_sulfur), 5) AS yield_per_sulfur_pct,
    round(max(sulfur_correlation), 2) AS sulfur_correlation
FROM gold.yield_by_quality
GROUP BY product_name, product_category
ORDER BY api_correlation DESC, product_name
