-- How many alarms is the operator of each refinery told of an hour, and is that more than one person can take?
SELECT
  refinery_name AS refinery,
  COUNT(*) AS hours_with_alarms,
  SUM(annunciated_count) AS annunciated,
  SUM(suppressed_count) AS suppressed,
  ROUND(AVG(annunciated_count), 1) AS a_hour_on_average,
  MAX(annunciated_count) AS a_hour_at_most,
  COUNT(*) FILTER(WHERE
    load_status = 'OVERLOADED') AS hours_overloaded,
  SUM(flood_count) AS floods,
  SUM(chattering_count) AS chattering,
  refinery_id
FROM refinery_gold.alarm_load
LEFT JOIN refinery_silver.refineries
  USING (refinery_id)
GROUP BY
  refinery_id,
  refinery_name
ORDER BY
  a_hour_at_most DESC,
  annunciated DESC,
  refinery_id
LIMIT 20
