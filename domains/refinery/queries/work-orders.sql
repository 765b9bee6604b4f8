-- How often do units fail, how long do repairs take, and what work is open?
-- Columns: refinery, mean days from failure to failure of a unit, mean hours to repair, open orders and what of them are
-- repairs and what are overdue (open for three weeks), planned share of the orders finished, cost (thousands of dollars a
-- month), failures in the half year, the type of unit that failed most and the cause found most there. The whole network
-- comes first, then who fails most often.
WITH kinds AS (
    SELECT 1 AS level, refinery_id, refinery_name, unit_type, units, days, failures, mttr_hours, backlog, backlog_repairs,
        backlog_overdue, planned_share, finished_orders, cost_usd, main_cause,
        row_number() OVER (PARTITION BY refinery_id ORDER BY 1.0 * failures / units DESC, failures DESC, unit_type) AS place
    FROM gold.maintenance_kpis
),
parts AS (
    SELECT * FROM kinds
    UNION ALL
    SELECT 0 AS level, 'all' AS refinery_id, 'all refineries' AS refinery_name, unit_type, units, days, failures, mttr_hours,
        backlog, backlog_repairs, backlog_overdue, planned_share, finished_orders, cost_usd, main_cause,
        row_number() OVER (ORDER BY failures DESC, refinery_id, unit_type) AS place
    FROM kinds
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
    max(CASE WHEN place = 1 AND failures > 0 THEN unit_type END) AS fails_most,
    max(CASE WHEN place = 1 AND failures > 0 THEN main_cause END) AS by_cause,
    refinery_id
FROM parts
GROUP BY level, refinery_id, refinery_name
ORDER BY level, mtbf_days, refinery_id
