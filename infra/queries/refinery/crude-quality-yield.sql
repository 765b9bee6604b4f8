-- How does crude quality (API gravity, sulphur) affect what comes out?
SELECT
  product_name,
  product_category,
  SUM(sample_count) AS hours,
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
  ) AS yield_of_light_crude,
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
  ) AS yield_of_heavier_crude,
  ROUND(MAX(yield_per_api_gravity), 5) AS yield_per_api_degree,
  ROUND(MAX(api_gravity_correlation), 2) AS api_correlation,
  ROUND(MAX(yield_per_sulfur), 5) AS yield_per_sulfur_pct,
  ROUND(MAX(sulfur_correlation), 2) AS sulfur_correlation
FROM refinery_gold.yield_by_quality
GROUP BY
  product_name,
  product_category
ORDER BY
  api_correlation DESC,
  product_name
