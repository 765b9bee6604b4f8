-- Are the operators' alarms as EEMUA 191 and ISA-18.2 want them, over the last seven days?
WITH sources AS (
  SELECT
    console AS refinery_id,
    COUNT(*) AS told,
    ROW_NUMBER() OVER (PARTITION BY console ORDER BY COUNT(*) DESC, subject, kind) AS place
  FROM refinery_silver.alarms
  WHERE
    is_annunciated
    AND NOT console IS NULL
    AND event_date > (
      SELECT
        MAX(event_date)
      FROM refinery_gold.alarm_kpis
    ) - INTERVAL '7' DAY
  GROUP BY
    console,
    subject,
    kind
), worst AS (
  SELECT
    refinery_id,
    CAST(100.0 * SUM(CASE WHEN place <= 10 THEN told END) AS DOUBLE) / SUM(told) AS ten_worst_pct
  FROM sources
  GROUP BY
    refinery_id
)
SELECT
  refinery_name AS refinery,
  ROUND(AVG(average_in_ten_minutes), 2) AS on_average,
  MAX(most_in_ten_minutes) AS at_most,
  ROUND(100 * AVG(flood_share), 2) AS flood_pct,
  MAX_BY(stale_count, event_date) AS stale,
  SUM(chattering_count) AS chattering,
  ROUND(MAX(ten_worst_pct), 0) AS ten_worst_pct,
  ROUND(
    CAST(100 * SUM(high_share * annunciated_count) AS DOUBLE) / NULLIF(SUM(annunciated_count), 0),
    0
  ) AS high_pct,
  ROUND(
    CAST(100 * SUM(medium_share * annunciated_count) AS DOUBLE) / NULLIF(SUM(annunciated_count), 0),
    0
  ) AS medium_pct,
  ROUND(
    CAST(100 * SUM(low_share * annunciated_count) AS DOUBLE) / NULLIF(SUM(annunciated_count), 0),
    0
  ) AS low_pct,
  SUM(maintenance_count) AS to_maintenance,
  refinery_id
FROM refinery_gold.alarm_kpis
LEFT JOIN refinery_silver.refineries
  USING (refinery_id)
LEFT JOIN worst
  USING (refinery_id)
WHERE
  event_date > (
    SELECT
      MAX(event_date)
    FROM refinery_gold.alarm_kpis
  ) - INTERVAL '7' DAY
GROUP BY
  refinery_id,
  refinery_name
ORDER BY
  on_average DESC,
  refinery_id
LIMIT 20
