-- Which transformers deliver more than their meters and losses explain?
-- Columns: transformer, zone, meters below it, days of the last week that could be balanced, delivered and metered load,
-- what is unexplained in kW and as a share. The largest unexplained load comes first.
SELECT
    transformer_id AS transformer,
    concat(region, ' ', grid_zone) AS zone,
    max(meters) AS meters,
    count(*) AS days,
    round(avg(delivered_kw), 2) AS delivered_kw,
    round(avg(metered_kw), 2) AS metered_kw,
    round(avg(losses_kw), 2) AS losses_kw,
    round(avg(unexplained_kw), 2) AS unexplained_kw,
    round(sum(unexplained_kw) / sum(delivered_kw - losses_kw), 4) AS unexplained_share
FROM gold.energy_balance
WHERE unexplained_kw IS NOT NULL
    AND balance_date > (SELECT max(balance_date) FROM gold.energy_balance) - INTERVAL '7' DAY
GROUP BY transformer_id, region, grid_zone
ORDER BY avg(unexplained_kw) DESC, transformer_id
LIMIT 50
