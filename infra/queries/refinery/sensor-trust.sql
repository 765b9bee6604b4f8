-- Which sensors should not be trusted?
WITH last_events AS (
  SELECT
    subject AS sensor_id,
    kind,
    MAX_BY(event, event_number) = 'raised' AS stands,
    MAX_BY(since, event_number) AS since,
    MAX(event_at) AS until_at
  FROM refinery_silver.alarms
  WHERE
    kind IN ('drift', 'silent', 'stuck') AND event IN ('raised', 'cleared')
  GROUP BY
    subject,
    kind
), alarms AS (
  SELECT
    sensor_id,
    NOT MAX(CASE WHEN stands THEN kind END) IS NULL AS any_stands,
    MAX(CASE WHEN stands AND kind = 'drift' THEN 1 END) AS drifts,
    MAX(CASE WHEN stands AND kind = 'silent' THEN 1 END) AS is_silent,
    MAX(CASE WHEN stands AND kind = 'stuck' THEN 1 END) AS is_stuck,
    MIN(CASE WHEN stands THEN since END) AS standing_since,
    MAX(since) AS last_since,
    MAX(until_at) AS last_until
  FROM last_events
  WHERE
    stands
    OR until_at > (
      SELECT
        MAX(last_reading_at)
      FROM refinery_gold.sensor_trust
    ) - INTERVAL '7' DAY
  GROUP BY
    sensor_id
), sensors AS (
  SELECT
    t.*,
    CASE WHEN a.drifts = 1 THEN 'drifts' WHEN t.is_drifting THEN 'drifted' END AS drift_is,
    CASE
      WHEN t.is_silent OR a.is_silent = 1
      THEN 'silent'
      WHEN t.has_gaps
      THEN 'had gaps'
    END AS silence_is,
    CASE WHEN a.is_stuck = 1 THEN 'stuck' WHEN t.is_stuck THEN 'was stuck' END AS run_is,
    COALESCE(a.any_stands, FALSE) OR t.is_silent AS is_now,
    COALESCE(
      a.standing_since,
      CASE WHEN t.is_silent THEN t.last_reading_at ELSE a.last_since END
    ) AS since,
    CASE WHEN NOT a.any_stands AND NOT t.is_silent THEN a.last_until END AS until_at
  FROM refinery_gold.sensor_trust AS t
  LEFT JOIN alarms AS a
    ON a.sensor_id = t.sensor_id
  WHERE
    t.is_active
), found AS (
  SELECT
    *,
    CASE
      WHEN drift_is = 'drifts'
      THEN 1
      WHEN silence_is = 'silent'
      THEN 2
      WHEN run_is = 'stuck'
      THEN 3
      WHEN drift_is = 'drifted'
      THEN 4
      WHEN run_is = 'was stuck'
      THEN 5
      WHEN silence_is = 'had gaps'
      THEN 6
    END AS fault
  FROM sensors
), ranked AS (
  SELECT
    *,
    ROW_NUMBER() OVER (
      PARTITION BY fault
      ORDER BY CASE WHEN is_now THEN since END, trust_score, sensor_id
    ) AS place
  FROM found
  WHERE
    NOT fault IS NULL
)
SELECT
  f.sensor_id AS sensor,
  f.sensor_type AS measures,
  CONCAT(
    COALESCE(CAST(u.unit_name AS VARCHAR), ''),
    COALESCE(CAST(' ' AS VARCHAR), ''),
    COALESCE(CAST(f.unit_id AS VARCHAR), '')
  ) AS unit,
  CONCAT_WS(
    ', ',
    CAST(f.drift_is AS VARCHAR),
    CAST(f.silence_is AS VARCHAR),
    CAST(f.run_is AS VARCHAR)
  ) AS what_is_wrong,
  f.since,
  f.until_at,
  ROUND(f.hours_silent, 1) AS hours_silent,
  ROUND(f.bad_share, 4) AS bad_share,
  ROUND(f.suspect_share, 4) AS suspect_share,
  ROUND(f.trust_score, 1) AS trust_score,
  r.refinery_name AS refinery
FROM ranked AS f
LEFT JOIN refinery_silver.processing_units AS u
  ON u.unit_id = f.unit_id AND u.is_current
LEFT JOIN refinery_silver.refineries AS r
  ON r.refinery_id = f.refinery_id
ORDER BY
  f.is_now DESC,
  f.place,
  f.fault
LIMIT 50
