-- Which meters' registers disagree with their half-hours?
-- Columns: meter, customer, days of the last four weeks on which what the register counted is not the sum of the
-- half-hours, all of which are known, first and last of these, and the unit and the multiplier that the head-end holds of
-- the meter now: one of these may be wrong. The most days come first.
WITH recent AS (
    SELECT *
    FROM gold.validated_reads
    WHERE reading_date > (SELECT max(reading_date) FROM gold.validated_reads) - INTERVAL '28' DAY
        AND array_to_string(failed_rules, ' ') LIKE '%sum_check%'
),

held AS (
    SELECT meter_id, max_by(unit, read_at) AS unit, max_by(multiplier, read_at) AS multiplier
    FROM silver.register_reads
    GROUP BY meter_id
)

SELECT
    recent.meter_id AS meter,
    max(recent.customer_id) AS customer,
    count(DISTINCT recent.reading_date) AS days,
    min(recent.reading_date) AS first_day,
    max(recent.reading_date) AS last_day,
    max(held.unit) AS unit,
    max(held.multiplier) AS multiplier
FROM recent
LEFT JOIN held ON held.meter_id = recent.meter_id
GROUP BY recent.meter_id
ORDER BY days DESC, meter
LIMIT 50
