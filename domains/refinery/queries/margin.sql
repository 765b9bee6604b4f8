-- What does each refinery earn on a barrel of crude?
-- Columns: refinery, margin a barrel over the last seven days and on the last day, in all (millions of dollars a week),
-- value of the products and cost of the crude a barrel, crude a day, the change against the seven days before. The whole
-- network comes first, then the best.
WITH last_day AS (
    SELECT max(production_date) AS today FROM gold.product_margin
),
days AS (
    SELECT
        m.*,
        m.production_date = l.today AS is_last,
        m.production_date > l.today - INTERVAL '7' DAY AS is_week
    FROM gold.product_margin m
    CROSS JOIN last_day l
    WHERE m.production_date > l.today - INTERVAL '14' DAY AND m.margin_usd IS NOT NULL
),
weeks AS (
    SELECT refinery_id, refinery_name, 1 AS place, is_week, is_last, production_date, total_crude_processed,
        product_value_usd, crude_cost_usd, margin_usd
    FROM days
    UNION ALL
    SELECT 'all', 'all refineries', 0, is_week, is_last, production_date, total_crude_processed,
        product_value_usd, crude_cost_usd, margin_usd
    FROM days
)
SELECT
    refinery_name,
    round(sum(CASE WHEN is_week THEN margin_usd END)
        / sum(CASE WHEN is_week THEN total_crude_processed END), 2) AS margin_per_barrel,
    round(sum(CASE WHEN is_last THEN margin_usd END)
        / nullif(sum(CASE WHEN is_last THEN total_crude_processed END), 0), 2) AS last_day,
    round(sum(CASE WHEN is_week THEN margin_usd END) / 1000000, 2) AS musd_a_week,
    round(sum(CASE WHEN is_week THEN product_value_usd END)
        / sum(CASE WHEN is_week THEN total_crude_processed END), 2) AS value_per_barrel,
    round(sum(CASE WHEN is_week THEN crude_cost_usd END)
        / sum(CASE WHEN is_week THEN total_crude_processed END), 2) AS cost_per_barrel,
    round(sum(CASE WHEN is_week THEN margin_usd END) / sum(CASE WHEN is_week THEN total_crude_processed END)
        - sum(CASE WHEN NOT is_week THEN margin_usd END)
        / nullif(sum(CASE WHEN NOT is_week THEN total_crude_processed END), 0), 2) AS change,
    round(sum(CASE WHEN is_week THEN total_crude_processed END)
        / count(DISTINCT CASE WHEN is_week THEN production_date END)) AS crude_a_day,
    refinery_id
FROM weeks
GROUP BY refinery_id, refinery_name, place
ORDER BY place, margin_per_barrel DESC, refinery_id
