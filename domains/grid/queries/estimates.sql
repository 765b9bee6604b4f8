-- Which reads are not what meters sent, how were they estimated, and how sure are the estimates?
-- Columns: meter, customer, half-hours of the last four weeks that are estimated and missing, of these what no read came
-- of and what was sent and not believed, estimated energy and its share of all, methods, mean and least confidence, first
-- and last day. The most estimated energy comes first.
WITH recent AS (
    SELECT *
    FROM gold.validated_reads
    WHERE reading_date > (SELECT max(reading_date) FROM gold.validated_reads) - INTERVAL '28' DAY
)

SELECT
    meter_id AS meter,
    max(customer_id) AS customer,
    sum(CASE WHEN state = 'ESTIMATED' THEN 1 ELSE 0 END) AS estimated,
    sum(CASE WHEN state = 'MISSING' THEN 1 ELSE 0 END) AS missing,
    sum(CASE WHEN measured_kwh IS NULL THEN 1 ELSE 0 END) AS no_read,
    sum(CASE WHEN state <> 'MEASURED' AND measured_kwh IS NOT NULL THEN 1 ELSE 0 END) AS not_believed,
    -- decimals add up to the same whatever their order, so what is rounded is the same each time it is asked
    round(CAST(sum(CAST(CASE WHEN state = 'ESTIMATED' THEN kwh ELSE 0 END AS DECIMAL(18, 6))) AS DOUBLE), 2)
        AS estimated_kwh,
    round(sum(CASE WHEN state = 'ESTIMATED' THEN kwh ELSE 0 END) / nullif(sum(kwh), 0), 4) AS estimated_share,
    array_to_string(array_sort(array_agg(DISTINCT method) FILTER (WHERE method IS NOT NULL)), ', ') AS methods,
    round(avg(confidence), 2) AS mean_confidence,
    round(min(confidence), 2) AS least_confidence,
    min(CASE WHEN state <> 'MEASURED' THEN reading_date END) AS first_day,
    max(CASE WHEN state <> 'MEASURED' THEN reading_date END) AS last_day
FROM recent
GROUP BY meter_id
HAVING sum(CASE WHEN state <> 'MEASURED' THEN 1 ELSE 0 END) > 0
ORDER BY estimated_kwh DESC, meter
LIMIT 50
