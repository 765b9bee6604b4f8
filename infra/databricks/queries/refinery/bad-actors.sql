-- Which sources bring operators most of their alarms, over the last seven days?
USE CATALOG IDENTIFIER(:catalog);
WITH week AS (
  SELECT
    *
  FROM silver.alarms
  WHERE
    event_date > (
      SELECT
        MAX(event_date)
      FROM silver.alarms
    ) - INTERVAL '7' DAY
    AND NOT subject IS NULL
), sources AS (
  SELECT
    subject,
    group_id,
    console,
    kind,
    COUNT(*) FILTER(WHERE
      is_annunciated) AS told,
    ROUND(
      100.0 * COUNT(*) FILTER(WHERE
        is_annunciated) / (
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
    group_id,
    console,
    kind
  HAVING
    COUNT(*) FILTER(WHERE
      is_annunciated) > 0
)
SELECT
  w.subject AS source,
  s.sensor_type AS measures,
  CONCAT_WS(' ', u.unit_name, w.group_id) AS unit,
  h.refinery_name AS refinery,
  w.kind,
  w.told,
  w.share_pct,
  w.chattered
FROM sources AS w
LEFT JOIN silver.sensors AS s
  ON s.sensor_id = w.subject AND s.is_current
LEFT JOIN silver.processing_units AS u
  ON u.unit_id = w.group_id AND u.is_current
LEFT JOIN silver.refineries AS h
  ON h.refinery_id = w.console
ORDER BY
  w.told DESC,
  w.subject NULLS LAST,
  w.kind NULLS LAST
LIMIT 10
