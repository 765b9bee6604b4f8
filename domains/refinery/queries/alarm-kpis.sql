-- Are the operators' alarms as EEMUA 191 and ISA-18.2 want them, over the last seven days?
-- Columns: refinery, alarms told in ten minutes on average (one is acceptable) and at most (ten), share of the time in
-- flood (under 1 %), alarms stale at the end (under five), alarms shelved for chatter, share of the ten sources that told
-- most in the week (5 % is the aim), shares of high, medium and low priority (5, 15 and 80 % are the aim), what went to
-- maintenance instead. The worst first.
WITH sources AS (
    SELECT console AS refinery_id, count(*) AS told,
        row_number() OVER (PARTITION BY console ORDER BY count(*) DESC, subject, kind) AS place
    FROM silver.alarms
    WHERE is_annunciated AND console IS NOT NULL
        AND event_date > (SELECT max(event_date) FROM gold.alarm_kpis) - INTERVAL 7 DAY
    GROUP BY console, subject, kind
),
worst AS (
    SELECT refinery_id, 100.0 * sum(CASE WHEN place <= 10 THEN told END) / sum(told) AS ten_worst_pct
    FROM sources
    GROUP BY refinery_id
)
SELECT refinery_name AS refinery,
       round(avg(average_in_ten_minutes), 2) AS on_average,
       max(most_in_ten_minutes) AS at_most,
       round(100 * avg(flood_share), 2) AS flood_pct,
       max_by(stale_count, event_date) AS stale,
       sum(chattering_count) AS chattering,
       round(max(ten_worst_pct), 0) AS ten_worst_pct,
       round(100 * sum(high_share * annunciated_count) / nullif(sum(annunciated_count), 0), 0) AS high_pct,
       round(100 * sum(medium_share * annunciated_count) / nullif(sum(annunciated_count), 0), 0) AS medium_pct,
       round(100 * sum(low_share * annunciated_count) / nullif(sum(annunciated_count), 0), 0) AS low_pct,
       sum(maintenance_count) AS to_maintenance,
       refinery_id
FROM gold.alarm_kpis
LEFT JOIN silver.refineries USING (refinery_id)
LEFT JOIN worst USING (refinery_id)
WHERE event_date > (SELECT max(event_date) FROM gold.alarm_kpis) - INTERVAL 7 DAY
GROUP BY refinery_id, refinery_name
ORDER BY on_average DESC, refinery_id
LIMIT 20
