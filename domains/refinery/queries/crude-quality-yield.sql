-- How does crude quality (API gravity, sulphur) affect what comes out?
-- Columns: product, what a lighter crude changes of its yield (per cent of the crude, for ten degrees of API gravity) and
-- what a sourer one does (for one per cent of sulphur), its yield from light (31.1 degrees and above) and from heavier
-- crude, how closely the yield follows gravity and sulphur (correlation), its family and the hours that were counted.
-- What gains most by lighter crude comes first.
SELECT
    product_name,
    round(1000 * max(yield_per_api_gravity), 2) AS pct_per_10_api,
    round(100 * max(yield_per_sulfur), 2) AS pct_per_pct_sulfur,
    round(
        sum(CASE WHEN api_gravity_band IN ('31.1 to 40', '40 and above') THEN avg_yield * sample_count END)
        / sum(CASE WHEN api_gravity_band IN ('31.1 to 40', '40 and above') THEN sample_count END), 4
    ) AS light_crude,
    round(
        sum(CASE WHEN api_gravity_band IN ('below 22.3', '22.3 to 31.1') THEN avg_yield * sample_count END)
        / sum(CASE WHEN api_gravity_band IN ('below 22.3', '22.3 to 31.1') THEN sample_count END), 4
    ) AS heavier_crude,
    round(max(api_gravity_correlation), 2) AS api_correlation,
    round(max(sulfur_correlation), 2) AS sulfur_correlation,
    product_category,
    sum(sample_count) AS hours
FROM gold.yield_by_quality
GROUP BY product_name, product_category
ORDER BY pct_per_10_api DESC, product_name
