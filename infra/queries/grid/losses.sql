-- Where does energy go that nobody is billed for?
WITH week AS (
  SELECT
    *
  FROM grid_gold.zone_balance
  WHERE
    balance_date > (
      SELECT
        MAX(balance_date)
      FROM grid_gold.zone_balance
    ) - INTERVAL '7' DAY
), zones AS (
  SELECT
    CONCAT(
      COALESCE(CAST(region AS VARCHAR), ''),
      COALESCE(CAST(' ' AS VARCHAR), ''),
      COALESCE(CAST(grid_zone AS VARCHAR), '')
    ) AS zone,
    MAX(transformers) AS transformers,
    SUM(delivered_mwh) AS delivered_mwh,
    SUM(metered_mwh) AS metered_mwh,
    SUM(unmetered_mwh) AS unmetered_mwh,
    SUM(losses_mwh) AS losses_mwh,
    SUM(unexplained_mwh) AS unexplained_mwh
  FROM week
  GROUP BY
    region,
    grid_zone
), listed AS (
  SELECT
    1 AS place,
    *
  FROM zones
  UNION ALL
  SELECT
    0,
    'whole grid',
    SUM(transformers),
    SUM(delivered_mwh),
    SUM(metered_mwh),
    SUM(unmetered_mwh),
    SUM(losses_mwh),
    SUM(unexplained_mwh)
  FROM zones
)
SELECT
  zone,
  transformers,
  ROUND(delivered_mwh, 2) AS delivered_mwh,
  ROUND(metered_mwh, 2) AS metered_mwh,
  ROUND(unmetered_mwh, 2) AS unmetered_mwh,
  ROUND(losses_mwh, 2) AS technical_mwh,
  ROUND(unexplained_mwh, 2) AS unexplained_mwh,
  ROUND(CAST(losses_mwh AS DOUBLE) / delivered_mwh, 4) AS technical_share,
  ROUND(CAST(unexplained_mwh AS DOUBLE) / delivered_mwh, 4) AS unexplained_share
FROM listed
ORDER BY
  place,
  unexplained_mwh DESC,
  zone
LIMIT 51
