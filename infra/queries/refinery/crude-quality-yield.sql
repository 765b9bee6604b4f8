-- How does crude quality (API gravity, sulphur) affect what comes out?
SELECT
  product_name,
  ROUND(1000 * MAX(yield_per_api_gravity), 2) AS pct_per_10_api,
  ROUND(100 * MAX(yield_per_sulfur), 2) AS pct_per_pct_sulfur,
  ROUND(
    CAST(SUM(
      CASE
        WHEN api_gravity_band IN ('31.1 to 40', '40 and above')
        THEN avg_yield * sample_count
      END
    ) AS DOUBLE) / SUM(
      CASE WHEN api_gravity_band IN ('31.1 to 40', '40 and above') THEN sample_count END
    ),
    4
  ) AS light_crude,
  ROUND(
    CAST(SUM(
      CASE
        WHEN api_gravity_band IN ('below 22.3', '22.3 to 31.1')
        THEN avg_yield * sample_count
      END
    ) AS DOUBLE) / SUM(
      CASE WHEN api_gravity_band IN ('below 22.3', '22.3 to 31.1') THEN sample_count END
    ),
    4
  ) AS heavier_crude,
  ROUND(MAX(api_gravity_correlation), 2) AS api_correlation,
  ROUND(MAX(sulfur_correlation), 2) AS sulfur_correlation,
  product_category,
  SUM(sample_count) AS hours
FROM refinery_gold.yield_by_quality
GROUP BY
  product_name,
  product_category
ORDER BY
  pct_per_10_api DESC,
  product_name
