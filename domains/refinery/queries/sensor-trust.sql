-- Which sensors should not be trusted?
-- Columns: sensor, what it measures, its unit with its id, what is wrong (drifts, silent or stuck now; drifted, had gaps
-- or was stuck within the week, and is over), since and until when as its alarms tell, hours since its last reading,
-- shares of readings that it calls bad and that jumped, score out of 100, refinery. What is wrong now comes first, each
-- kind in turn with the longest of it at the head; then what is over, again each kind in turn, the lowest score first.
WITH last_events AS (
    SELECT
        subject AS sensor_id,
        kind,
        max_by(event, event_number) = 'raised' AS stands,
        max_by(since, event_number) AS since,
        max(event_at) AS until_at
    FROM silver.alarms
    WHERE kind IN ('drift', 'silent', 'stuck') AND event IN ('raised', 'cleared')
    GROUP BY subject, kind
),
alarms AS (
    SELECT
        sensor_id,
        max(CASE WHEN stands THEN kind END) IS NOT NULL AS any_stands,
        max(CASE WHEN stands AND kind = 'drift' THEN 1 END) AS drifts,
        max(CASE WHEN stands AND kind = 'silent' THEN 1 END) AS is_silent,
        max(CASE WHEN stands AND kind = 'stuck' THEN 1 END) AS is_stuck,
        min(CASE WHEN stands THEN since END) AS standing_since,
        max(since) AS last_since,
        max(until_at) AS last_until
    FROM last_events
    WHERE stands OR until_at > (SELECT max(last_reading_at) FROM gold.sensor_trust) - INTERVAL '7' DAY
    GROUP BY sensor_id
),
sensors AS (
    SELECT
        t.*,
        CASE WHEN a.drifts = 1 THEN 'drifts' WHEN t.is_drifting THEN 'drifted' END AS drift_is,
        CASE WHEN t.is_silent OR a.is_silent = 1 THEN 'silent' WHEN t.has_gaps THEN 'had gaps' END AS silence_is,
        CASE WHEN a.is_stuck = 1 THEN 'stuck' WHEN t.is_stuck THEN 'was stuck' END AS run_is,
        coalesce(a.any_stands, false) OR t.is_silent AS is_now,
        coalesce(a.standing_since, CASE WHEN t.is_silent THEN t.last_reading_at ELSE a.last_since END) AS since,
        CASE WHEN NOT a.any_stands AND NOT t.is_silent THEN a.last_until END AS until_at
    FROM gold.sensor_trust t
    LEFT JOIN alarms a ON a.sensor_id = t.sensor_id
    WHERE t.is_active
),
found AS (
    SELECT
        *,
        CASE
            WHEN drift_is = 'drifts' THEN 1 WHEN silence_is = 'silent' THEN 2 WHEN run_is = 'stuck' THEN 3
            WHEN drift_is = 'drifted' THEN 4 WHEN run_is = 'was stuck' THEN 5 WHEN silence_is = 'had gaps' THEN 6
        END AS fault
    FROM sensors
),
ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY fault ORDER BY CASE WHEN is_now THEN since END, trust_score, sensor_id
        ) AS place
    FROM found
    WHERE fault IS NOT NULL
)
SELECT
    f.sensor_id AS sensor,
    f.sensor_type AS measures,
    concat(u.unit_name, ' ', f.unit_id) AS unit,
    concat_ws(', ', f.drift_is, f.silence_is, f.run_is) AS what_is_wrong,
    f.since,
    f.until_at,
    round(f.hours_silent, 1) AS hours_silent,
    round(f.bad_share, 4) AS bad_share,
    round(f.suspect_share, 4) AS suspect_share,
    round(f.trust_score, 1) AS trust_score,
    r.refinery_name AS refinery
FROM ranked f
LEFT JOIN silver.processing_units u ON u.unit_id = f.unit_id AND u.is_current
LEFT JOIN silver.refineries r ON r.refinery_id = f.refinery_id
ORDER BY f.is_now DESC, f.place, f.fault
LIMIT 50
