-- How good are the readings of each station and day?
-- Columns: station, day, share of fresh, complete, consistent and accurate readings.
SELECT
    q.station_id AS station,
    q.reading_date AS day,
    round(avg(q.freshness), 4) AS freshness,
    round(avg(q.completeness), 4) AS completeness,
    round(avg(q.consistency), 4) AS consistency,
    round(avg(q.accuracy), 4) AS accuracy
FROM gold.data_quality q
GROUP BY q.station_id, q.reading_date
ORDER BY q.station_id, q.reading_date
LIMIT 100
