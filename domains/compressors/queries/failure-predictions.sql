-- Which machines that run are the likeliest to fail soon, and why?
-- Columns: machine, station, when it was predicted, chances within 24, 48 and 168 hours, remaining hours with their interval, the reasons, the model.
SELECT
    n.compressor_id AS machine,
    f.station_name AS station,
    n.predicted_at,
    round(n.failure_within_24h, 3) AS within_24h,
    round(n.failure_within_48h, 3) AS within_48h,
    round(n.failure_within_168h, 3) AS within_168h,
    round(n.remaining_hours, 0) AS remaining_hours,
    round(n.remaining_hours_low, 0) AS at_least,
    round(n.remaining_hours_high, 0) AS at_most,
    n.reason_1,
    n.reason_2,
    n.reason_3,
    n.model_id AS model
FROM (
    SELECT p.*, row_number() OVER (PARTITION BY p.compressor_id ORDER BY p.predicted_at DESC) AS nth,
        max(p.predicted_at) OVER () AS newest
    FROM gold.ml_predictions p
) n
LEFT JOIN silver.compressor_metadata f ON f.compressor_id = n.compressor_id AND f.is_current
WHERE n.nth = 1 AND n.predicted_at >= n.newest - INTERVAL 2 HOUR

ORDER BY n.failure_within_168h DESC, n.compressor_id
LIMIT 50
