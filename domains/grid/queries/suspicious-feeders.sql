-- Which transformers deliver more than their meters and losses explain?
-- Columns: transformer, zone, meters below it, days of the last week that could be balanced, delivered and metered load,
-- what is unexplained in kW with its standard error, and as a share, the meters that it is laid to. What is furthest
-- beyond its error comes first.
WITH days AS (
    SELECT *
    FROM gold.energy_balance
    WHERE unexplained_kw IS NOT NULL
        AND balance_date > (SELECT max(balance_date) FROM gold.energy_balance) - INTERVAL '7' DAY
),
feeders AS (
    SELECT
        transformer_id,
        max(region) AS region,
        max(grid_zone) AS grid_zone,
        max(meters) AS meters,
        count(*) AS days,
        avg(delivered_kw) AS delivered_kw,
        avg(metered_kw) AS metered_kw,
        avg(unexplained_kw) AS unexplained_kw,
        stddev_samp(unexplained_kw) / sqrt(count(*)) AS error_kw,
        sum(unexplained_kw) / sum(delivered_kw - losses_kw) AS unexplained_share
    FROM days
    GROUP BY transformer_id
),
suspects AS (
    SELECT transformer_id, min(meter_id) AS first_meter, count(*) AS suspects
    FROM gold.meter_suspects
    WHERE kind LIKE 'THEFT%'
    GROUP BY transformer_id
)
SELECT
    f.transformer_id AS transformer,
    concat(f.region, ' ', f.grid_zone) AS zone,
    f.meters,
    f.days,
    round(f.delivered_kw, 2) AS delivered_kw,
    round(f.metered_kw, 2) AS metered_kw,
    round(f.unexplained_kw, 2) AS unexplained_kw,
    round(f.error_kw, 2) AS error_kw,
    round(f.unexplained_share, 3) AS unexplained_share,
    coalesce(s.suspects, 0) AS suspects,
    s.first_meter AS first_suspect
FROM feeders f
LEFT JOIN suspects s ON s.transformer_id = f.transformer_id
WHERE f.unexplained_kw > 2 * f.error_kw AND f.unexplained_share > 0.08
ORDER BY f.unexplained_share DESC, f.transformer_id
LIMIT 50
