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
), sources AS (
  SELECT
    subject,
    group_id,
    console,
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
  CONCAT_WS(' ', CAST(u.unit_name AS VARCHAR), CAST(w.group_id AS VARCHAR)) AS unit,
  h.refinery_name AS refinery,
  w.kind,
  w.told,
  w.share_pct,
  w.chattered
FROM sources AS w
LEFT JOIN refinery_silver.sensors AS s
  ON s.sensor_id = w.subject AND s.is_current
LEFT JOIN refinery_silver.processing_units AS u
  ON u.unit_id = w.group_id AND u.is_current
LEFT JOIN refinery_silver.refineries AS h
  ON h.refinery_id = w.console
ORDER BY
  w.told DESC,
  w.subject,
  w.kind
LIMIT 10
