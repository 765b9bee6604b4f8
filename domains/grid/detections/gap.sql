-- Hours in which a sender was silent, known when it is heard again.
WITH heard AS (
    SELECT 'smart_meter_readings' AS table_name, customer_id AS sender, timestamp,
           lag(timestamp) OVER (PARTITION BY customer_id ORDER BY timestamp) AS before, INTERVAL 30 MINUTE AS pace
    FROM smart_meter_readings
    UNION ALL
    SELECT 'substation_telemetry', transformer_id, timestamp,
           lag(timestamp) OVER (PARTITION BY transformer_id ORDER BY timestamp), INTERVAL 15 MINUTE
    FROM substation_telemetry
)
SELECT table_name, sender, before AS from_at, timestamp AS to_at, timestamp AS found_at
FROM heard
WHERE timestamp - before > INTERVAL 150 MINUTE
