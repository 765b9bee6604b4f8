-- Hours in which oil was 60 K or more above the air.
WITH hot AS (
    SELECT transformer_id, timestamp, timestamp - lag(timestamp) OVER by_time > INTERVAL 1 HOUR AS begins
    FROM substation_telemetry
    WHERE oil_rise_k >= 60
    WINDOW by_time AS (PARTITION BY transformer_id ORDER BY timestamp)
),
numbered AS (
    SELECT *, sum(coalesce(begins, true)::INT) OVER (PARTITION BY transformer_id ORDER BY timestamp) AS number
    FROM hot
)
SELECT 'substation_telemetry' AS table_name, transformer_id AS sender,
       min(timestamp) AS from_at, max(timestamp) + INTERVAL 15 MINUTE AS to_at, min(timestamp) AS found_at
FROM numbered
GROUP BY transformer_id, number
