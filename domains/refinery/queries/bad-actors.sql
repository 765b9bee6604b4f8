-- Which sources bring operators most of their alarms, over the last seven days?
-- Columns: sensor or unit, its refinery, kind of alarm, times told, their share of all, times shelved for chatter. The
-- worst ten: whoever mends these mends most of it.
WITH week AS (
    SELECT *
    FROM silver.alarms
    WHERE event_date > (SELECT max(event_date) FROM silver.alarms) - INTERVAL 7 DAY AND subject IS NOT NULL
)
SELECT subject, console AS refinery_id, kind,
       count(*) FILTER (WHERE is_annunciated) AS told,
       round(100.0 * count(*) FILTER (WHERE is_annunciated)
             / (SELECT count(*) FROM week WHERE is_annunciated), 1) AS share_pct,
       count(*) FILTER (WHERE event = 'shelved' AND acted_by = 'chatter') AS chattered
FROM week
GROUP BY subject, console, kind
HAVING count(*) FILTER (WHERE is_annunciated) > 0
ORDER BY told DESC, subject, kind
LIMIT 10
