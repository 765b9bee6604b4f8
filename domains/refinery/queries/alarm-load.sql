-- How many alarms is the operator of each refinery told of an hour, and is that more than one person can take?
-- Columns: refinery, hours with any alarm, alarms announced and suppressed in all, announced an hour on average and at
-- most, hours with more than twelve, floods, alarms shelved because they came and went. The busiest first.
SELECT refinery_name AS refinery,
       count(*) AS hours_with_alarms,
       sum(annunciated_count) AS annunciated,
       sum(suppressed_count) AS suppressed,
       round(avg(annunciated_count), 1) AS a_hour_on_average,
       max(annunciated_count) AS a_hour_at_most,
       count(*) FILTER (WHERE load_status = 'OVERLOADED') AS hours_overloaded,
       sum(flood_count) AS floods,
       sum(chattering_count) AS chattering,
       refinery_id
FROM gold.alarm_load
LEFT JOIN silver.refineries USING (refinery_id)
GROUP BY refinery_id, refinery_name
ORDER BY a_hour_at_most DESC, annunciated DESC, refinery_id
LIMIT 20
