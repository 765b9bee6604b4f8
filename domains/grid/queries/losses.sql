-- Where does energy go that nobody is billed for?
-- Columns: zone, transformers that could be balanced, delivered, metered, unmetered and lost energy of the last week in
-- MWh, what is left unexplained in MWh and as a share of what was delivered. The zone that loses most comes first.
SELECT
    concat(region, ' ', grid_zone) AS zone,
    max(transformers) AS transformers,
    round(sum(delivered_mwh), 2) AS delivered_mwh,
    round(sum(metered_mwh), 2) AS metered_mwh,
    round(sum(unmetered_mwh), 2) AS unmetered_mwh,
    round(sum(losses_mwh), 2) AS losses_mwh,
    round(sum(unexplained_mwh), 2) AS unexplained_mwh,
    round(sum(unexplained_mwh) / sum(delivered_mwh), 4) AS unexplained_share
FROM gold.zone_balance
WHERE balance_date > (SELECT max(balance_date) FROM gold.zone_balance) - INTERVAL '7' DAY
GROUP BY region, grid_zone
ORDER BY sum(unexplained_mwh) DESC
LIMIT 50
