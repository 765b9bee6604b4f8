-- How good are the readings of each station and day?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  q.station_id AS station,
  q.reading_date AS day,
  ROUND(AVG(q.freshness), 4) AS freshness,
  ROUND(AVG(q.completeness), 4) AS completeness,
  ROUND(AVG(q.consistency), 4) AS consistency,
  ROUND(AVG(q.accuracy), 4) AS accuracy
FROM gold.data_quality AS q
GROUP BY
  q.station_id,
  q.reading_date
ORDER BY
  q.station_id NULLS LAST,
  q.reading_date NULLS LAST
LIMIT 100
