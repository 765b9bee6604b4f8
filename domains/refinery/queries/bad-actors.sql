-- Which sources bring operators most of their alarms, over the last seven days?
-- Columns: sensor or unit, what it measures (nothing for a unit), the unit with its id, refinery, kind of alarm, times told,
-- their share of all, times shelved for chatter. The worst ten: whoever mends these mends most of it.
WITH week AS (
    SELECT *
    FROM silver.alarms
    WHERE event_date > (SELECT max(event_date) FROM silver.alarms) - INTERVAL 7 DAY AND subject IS NOT NULL
),
sources AS (
    SELECT subject, group_id, console, kind,
           count(*) FILTER (WHERE is_annunciated) AS told,
           round(100.0 * count(*) FILTER (WHERE is_annunciated)
                 / (SELECT count(*) FROM week WHERE is_annunciated), 1) AS share_pct,
           count(*) FILTER (WHERE event = 'shelved' AND acted_by = 'chatter') AS chattered
    FROM week
    GROUP BY subject, group_id, console, kind
    HAVING count(*) FILTER (WHERE is_annunciated) > 0
)
SELECT
    w.subject AS source,
    s.sensor_type AS measures,
    concat_ws(' ', u.unit_name, w.group_id) AS unit,
    h.refinery_name AS refinery,
    w.kind,
    w.told,
    w.share_pct,
    w.chattered
FROM sources w
LEFT JOIN silver.sensors s ON s.sensor_id = w.subject AND s.is_current
LEFT JOIN silver.processing_units u ON u.unit_id = w.group_id AND u.is_current
LEFT JOIN silver.refineries h ON h.refinery_id = w.console
ORDER BY w.told DESC, w.subject, w.kind
LIMIT 10
