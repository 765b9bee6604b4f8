-- When and where is most energy drawn?
-- Columns: zone, day, hour of the peak by the local clock, demand of that hour, mean demand, load factor, share of the
-- energy that is estimated. The highest peak of the last week comes first.
SELECT
    concat(region, ' ', grid_zone) AS zone,
    reading_date AS day,
    peak_hour,
    round(peak_kw, 1) AS peak_kw,
    round(mean_kw, 1) AS mean_kw,
    round(load_factor, 3) AS load_factor,
    round(estimated_share, 3) AS estimated_share
FROM gold.peak_demand
WHERE hours = 24
    AND reading_date > (SELECT max(reading_date) FROM gold.peak_demand) - INTERVAL '7' DAY
ORDER BY peak_kw DESC, day, zone
LIMIT 50
