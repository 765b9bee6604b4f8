-- How much of its capacity does each refinery use, and how much was it idle?
-- Columns: refinery, crude processed a day, capacity, utilization over the last seven days and on the last
-- day, downtime, all as fractions. Least used first.
WITH last_day AS (
    SELECT max(production_date) AS today FROM gold.refinery_kpis
)
SELECT
    k.refinery_id,
    k.refinery_name,
    k.capacity_bpd,
    round(avg(k.total_crude_processed)) AS crude_barrels_per_day,
    round(avg(k.capacity_utilization), 3) AS utilization,
    round(max(CASE WHEN k.production_date = l.today THEN k.capacity_utilization END), 3) AS utilization_last_day,
    round(avg(k.downtime_percentage), 3) AS downtime,
    count(*) AS days
FROM gold.refinery_kpis k
CROSS JOIN last_day l
WHERE k.production_date > l.today - INTERVAL '7' DAY
GROUP BY k.refinery_id, k.refinery_name, k.capacity_bpd
ORDER BY utilization
