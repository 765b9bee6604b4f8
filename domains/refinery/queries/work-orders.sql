-- How often do units fail, how long do repairs take, and what work is open?
-- Columns: refinery, mean days from failure to failure of a unit, mean hours to repair, open orders and what of them are
-- repairs and what are overdue (open for three weeks), planned share of the orders finished, cost (thousands of dollars a
-- month), failures in the half year, the type of unit that failed most often, the cause that repairs found most, and the
-- barrels of charge that units missed of their plans on days they stood longer than planned, as far back as plans tell.
-- The whole network comes first, then who fails most often.
WITH parts AS (
    SELECT 1 AS level, refinery_id, refinery_name, unit_type, units, days, failures, mttr_hours, backlog, backlog_repairs,
        backlog_overdue, planned_share, finished_orders, cost_usd
    FROM gold.maintenance_kpis
    UNION ALL
    SELECT 0 AS level, 'all' AS refinery_id, 'all refineries' AS refinery_name, unit_type, units, days, failures, mttr_hours,
        backlog, backlog_repairs, backlog_overdue, planned_share, finished_orders, cost_usd
    FROM gold.maintenance_kpis
),
types AS (
    SELECT refinery_id, unit_type,
        row_number() OVER (
            PARTITION BY refinery_id ORDER BY 1.0 * sum(failures) / sum(units) DESC, sum(failures) DESC, unit_type
        ) AS place
    FROM parts
    GROUP BY refinery_id, unit_type
    HAVING sum(failures) > 0
),
repairs AS (
    SELECT refinery_id, cause_found
    FROM silver.work_orders
    WHERE kind = 'CORRECTIVE' AND cause_found <> 'Not found'
        AND refinery_id IN (SELECT refinery_id FROM gold.maintenance_kpis)
        AND finished_at > (SELECT max(updated_at) FROM silver.work_orders) - INTERVAL '180' DAY
),
causes AS (
    SELECT refinery_id, cause_found,
        row_number() OVER (PARTITION BY refinery_id ORDER BY count(*) DESC, cause_found) AS place
    FROM (SELECT * FROM repairs UNION ALL SELECT 'all' AS refinery_id, cause_found FROM repairs) AS found
    GROUP BY refinery_id, cause_found
),
missed AS (
    SELECT refinery_id, gap_barrels
    FROM gold.plan_attainment
    WHERE downtime_minutes > planned_stand_minutes AND gap_barrels > 0
        AND refinery_id IN (SELECT refinery_id FROM gold.maintenance_kpis)
        AND production_date > (SELECT max(production_date) FROM gold.plan_attainment) - INTERVAL '180' DAY
),
lost AS (
    SELECT refinery_id, sum(gap_barrels) AS barrels
    FROM (SELECT * FROM missed UNION ALL SELECT 'all' AS refinery_id, gap_barrels FROM missed) AS found
    GROUP BY refinery_id
)
SELECT
    refinery_name,
    round(sum(units * days) / nullif(sum(failures), 0), 0) AS mtbf_days,
    round(sum(mttr_hours * failures) / nullif(sum(CASE WHEN mttr_hours IS NOT NULL THEN failures END), 0), 1) AS mttr_hours,
    sum(backlog) AS open_orders,
    sum(backlog_repairs) AS open_repairs,
    sum(backlog_overdue) AS overdue,
    round(sum(planned_share * finished_orders) / nullif(sum(finished_orders), 0), 2) AS planned_share,
    round(sum(cost_usd) * 30 / max(days) / 1000, 0) AS kusd_a_month,
    sum(failures) AS failures,
    max(t.unit_type) AS fails_most,
    max(c.cause_found) AS by_cause,
    round(coalesce(max(l.barrels), 0)) AS barrels_lost,
    p.refinery_id
FROM parts p
LEFT JOIN types t ON t.refinery_id = p.refinery_id AND t.place = 1
LEFT JOIN causes c ON c.refinery_id = p.refinery_id AND c.place = 1
LEFT JOIN lost l ON l.refinery_id = p.refinery_id
GROUP BY level, p.refinery_id, refinery_name
ORDER BY level, mtbf_days, p.refinery_id
