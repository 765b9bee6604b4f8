-- Where does energy go that nobody is billed for?
-- Columns: zone (the whole grid first), transformers that could be balanced, delivered, metered and unmetered energy of the
-- last week in MWh, technical losses and what is left unexplained (commercial losses) in MWh and as shares of what was
-- delivered. The zone that loses most comes first.
WITH week AS (
    SELECT *
    FROM gold.zone_balance
    WHERE balance_date > (SELECT max(balance_date) FROM gold.zone_balance) - INTERVAL '7' DAY
),
zones AS (
    SELECT
        concat(region, ' ', grid_zone) AS zone,
        max(transformers) AS transformers,
        sum(delivered_mwh) AS delivered_mwh,
        sum(metered_mwh) AS metered_mwh,
        sum(unmetered_mwh) AS unmetered_mwh,
        sum(losses_mwh) AS losses_mwh,
        sum(unexplained_mwh) AS unexplained_mwh
    FROM week
    GROUP BY region, grid_zone
),
listed AS (
    SELECT 1 AS place, * FROM zones
    UNION ALL
    SELECT
        0, 'whole grid', sum(transformers), sum(delivered_mwh), sum(metered_mwh), sum(unmetered_mwh), sum(losses_mwh),
        sum(unexplained_mwh)
    FROM zones
)
SELECT
    zone,
    transformers,
    round(delivered_mwh, 2) AS delivered_mwh,
    round(metered_mwh, 2) AS metered_mwh,
    round(unmetered_mwh, 2) AS unmetered_mwh,
    round(losses_mwh, 2) AS technical_mwh,
    round(unexplained_mwh, 2) AS unexplained_mwh,
    round(losses_mwh / delivered_mwh, 4) AS technical_share,
    round(unexplained_mwh / delivered_mwh, 4) AS unexplained_share
FROM listed
ORDER BY place, unexplained_mwh DESC, zone
LIMIT 51
