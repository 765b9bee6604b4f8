-- How much of its capacity does each refinery use, and how much was it idle?
-- Columns: refinery, utilization over the last seven days and on the last day, downtime, crude processed a day,
-- capacity, days seen and the share of their unit-hours that came through; hours that are missing count as the
-- others of their unit. Least used first.
WITH last_day AS (
    SELECT max(production_date) AS today FROM gold.refinery_kpis
)
SELECT
    k.refinery_id,
    k.refinery_name,
    round(sum(k.crude_barrels_per_day) / sum(k.capacity_bpd), 3) AS utilization,
    round(max(CASE WHEN k.production_date = l.today THEN k.capacity_utilization END), 3) AS utilization_last_day,
    round(sum(k.downtime_percentage * k.unit_hours) / sum(k.unit_hours), 3) AS downtime,
    round(avg(k.crude_barrels_per_day)) AS crude_barrels_per_day,
    k.capacity_bpd,
    count(*) AS days,
    round(sum(k.unit_hours) / sum(k.unit_hours / k.coverage), 4) AS coverage
FROM gold.refinery_kpis k
CROSS JOIN last_day l
WHERE k.production_date > l.today - INTERVAL '7' DAY
GROUP BY k.refinery_id, k.refinery_name, k.capacity_bpd
ORDER BY utilization
