-- Each station: its machines by status, and the worst status of any of them. A machine's status is the worst of its last
-- hour and of its alerts that are on.
SELECT s.station_id, s.station_name, s.latitude, s.longitude, COUNT(h.compressor_id) AS machines,
    SUM(CASE WHEN h.badness = 3 THEN 1 ELSE 0 END) AS critical_machines,
    SUM(CASE WHEN h.badness = 2 THEN 1 ELSE 0 END) AS warning_machines,
    SUM(CASE WHEN h.badness = 1 THEN 1 ELSE 0 END) AS normal_machines,
    SUM(CASE WHEN h.badness = 0 THEN 1 ELSE 0 END) AS unknown_machines,
    COALESCE(SUM(h.alerts_on), 0) AS alerts_on,
    MAX(h.hour_start) AS newest_hour,
    CASE MAX(h.badness) WHEN 3 THEN 'critical' WHEN 2 THEN 'warning' WHEN 1 THEN 'normal' ELSE 'unknown' END
        AS worst_status
FROM station_locations AS s
LEFT JOIN (
    SELECT m.compressor_id, m.station_id, r.hour_start, COALESCE(a.alerts_on, 0) AS alerts_on,
        CASE
            WHEN a.worst >= 3 OR r.status = 'critical' THEN 3
            WHEN a.worst = 2 OR r.status = 'warning' THEN 2
            WHEN r.status = 'normal' THEN 1
            ELSE 0
        END AS badness
    FROM compressor_metadata AS m
    LEFT JOIN (
        SELECT b.*, ROW_NUMBER() OVER (PARTITION BY b.compressor_id ORDER BY b.hour_start DESC) AS place
        FROM sensor_readings_agg AS b
    ) AS r ON r.compressor_id = m.compressor_id AND r.place = 1
    LEFT JOIN (
        SELECT c.compressor_id, COUNT(*) AS alerts_on,
            MAX(CASE c.severity WHEN 'critical' THEN 3 WHEN 'warning' THEN 2 ELSE 1 END) AS worst
        FROM alert_history AS c WHERE c.is_on AND c.kind = 'limit' GROUP BY c.compressor_id
    ) AS a ON a.compressor_id = m.compressor_id
) AS h ON h.station_id = s.station_id
GROUP BY s.station_id, s.station_name, s.latitude, s.longitude
