-- Which sources bring operators most of their alarms, over the last seven days?
WITH week AS (
  SELECT
    *
  FROM refinery_silver.alarms
  WHERE
    event_date > (
      SELECT
        MAX(event_date)
      FROM refinery_silver.alarms
    ) - INTERVAL '7' DAY
    AND NOT subject IS NULL
)
SELECT
  subject,
  console AS refinery_id,
  kind,
  COUNT(*) FILTER(WHERE
    is_annunciated) AS told,
  ROUND(
    CAST(100.0 * COUNT(*) FILTER(WHERE
      is_annunciated) AS DOUBLE) / (
      SELECT
        COUNT(*)
      FROM week
      WHERE
        is_annunciated
    ),
    1
  ) AS share_pct,
  COUNT(*) FILTER(WHERE
    event = 'shelved' AND acted_by = 'chatter') AS chattered
FROM week
GROUP BY
  subject,
  console,
  kind
HAVING
  COUNT(*) FILTER(WHERE
    is_annunciated) > 0
ORDER BY
  told DESC,
  subject,
  kind
LIMIT 10
