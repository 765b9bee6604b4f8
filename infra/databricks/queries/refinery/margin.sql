-- What does each refinery earn on a barrel of crude?
USE CATALOG IDENTIFIER(:catalog);
WITH last_day AS (
  SELECT
    MAX(production_date) AS today
  FROM gold.product_margin
), days AS (
  SELECT
    m.*,
    m.production_date = l.today AS is_last,
    m.production_date > l.today - INTERVAL '7' DAY AS is_week
  FROM gold.product_margin AS m
  CROSS JOIN last_day AS l
  WHERE
    m.production_date > l.today - INTERVAL '14' DAY AND NOT m.margin_usd IS NULL
), weeks AS (
  SELECT
    refinery_id,
    refinery_name,
    1 AS place,
    is_week,
    is_last,
    production_date,
    total_crude_processed,
    product_value_usd,
    crude_cost_usd,
    margin_usd
  FROM days
  UNION ALL
  SELECT
    'all',
    'all refineries',
    0,
    is_week,
    is_last,
    production_date,
    total_crude_processed,
    product_value_usd,
    crude_cost_usd,
    margin_usd
  FROM days
)
SELECT
  refinery_name,
  ROUND(
    SUM(CASE WHEN is_week THEN margin_usd END) / SUM(CASE WHEN is_week THEN total_crude_processed END),
    2
  ) AS margin_per_barrel,
  ROUND(
    SUM(CASE WHEN is_last THEN margin_usd END) / NULLIF(SUM(CASE WHEN is_last THEN total_crude_processed END), 0),
    2
  ) AS last_day,
  ROUND(SUM(CASE WHEN is_week THEN margin_usd END) / 1000000, 2) AS musd_a_week,
  ROUND(
    SUM(CASE WHEN is_week THEN product_value_usd END) / SUM(CASE WHEN is_week THEN total_crude_processed END),
    2
  ) AS value_per_barrel,
  ROUND(
    SUM(CASE WHEN is_week THEN crude_cost_usd END) / SUM(CASE WHEN is_week THEN total_crude_processed END),
    2
  ) AS cost_per_barrel,
  ROUND(
    SUM(CASE WHEN is_week THEN margin_usd END) / SUM(CASE WHEN is_week THEN total_crude_processed END) - SUM(CASE WHEN NOT is_week THEN margin_usd END) / NULLIF(SUM(CASE WHEN NOT is_week THEN total_crude_processed END), 0),
    2
  ) AS change,
  ROUND(
    SUM(CASE WHEN is_week THEN total_crude_processed END) / COUNT(DISTINCT CASE WHEN is_week THEN production_date END)
  ) AS crude_a_day,
  refinery_id
FROM weeks
GROUP BY
  refinery_id,
  refinery_name,
  place
ORDER BY
  place NULLS LAST,
  margin_per_barrel DESC,
  refinery_id NULLS LAST
