-- What did each refinery charge against its plan, and what kept it from the plan?
-- Columns: refinery, attainment of its crude units over the last seven days and on the last day (of the hours of which
-- something is known), barrels a day that are missing of the plan, the unit that misses most over the seven days (crude
-- units or not) with the reason of its worst day, what of the missing crude is by stands, by reduced load and by hours of
-- which nothing is known (barrels a day), main product yield less the planned one, and barrels planned a day. The lowest
-- first.
WITH last_day AS (
    SELECT max(production_date) AS today FROM gold.plan_attainment
),
week AS (
    SELECT a.*, a.production_date = l.today AS is_last
    FROM gold.plan_attainment a
    CROSS JOIN last_day l
    WHERE a.production_date > l.today - INTERVAL '7' DAY
),
missed AS (
    SELECT
        refinery_id,
        unit_id,
        max(unit_name) AS unit_name,
        sum(gap_barrels) AS gap,
        max_by(reason, gap_barrels) AS reason
    FROM week
    GROUP BY refinery_id, unit_id
),
worst AS (
    SELECT
        refinery_id,
        unit_name,
        CASE WHEN gap > 0 THEN reason ELSE 'as planned' END AS reason,
        row_number() OVER (PARTITION BY refinery_id ORDER BY gap DESC, unit_id) AS place
    FROM missed
)
SELECT
    w.refinery_name,
    round(sum(w.charge_barrels) / sum(w.planned_charge_barrels - w.gap_by_unknown_barrels), 3) AS attainment,
    round(sum(CASE WHEN w.is_last THEN w.charge_barrels END)
        / sum(CASE WHEN w.is_last THEN w.planned_charge_barrels - w.gap_by_unknown_barrels END), 3) AS last_day,
    round(sum(w.gap_barrels) / count(DISTINCT w.production_date)) AS missing_a_day,
    max(CASE WHEN o.reason IN ('as planned', 'above plan') THEN 'none' ELSE o.unit_name END) AS worst_unit,
    max(o.reason) AS its_reason,
    round(sum(w.gap_by_stand_barrels) / count(DISTINCT w.production_date)) AS by_stand,
    round(sum(w.gap_by_load_barrels) / count(DISTINCT w.production_date)) AS by_load,
    round(sum(w.gap_by_unknown_barrels) / count(DISTINCT w.production_date)) AS by_unknown,
    round(sum(w.yield_gap * w.charge_barrels)
        / sum(CASE WHEN w.yield_gap IS NOT NULL THEN w.charge_barrels END), 4) AS yield_gap,
    round(sum(w.planned_charge_barrels) / count(DISTINCT w.production_date)) AS planned_a_day,
    w.refinery_id
FROM week w
JOIN worst o ON o.refinery_id = w.refinery_id AND o.place = 1
WHERE w.is_crude_unit
GROUP BY w.refinery_id, w.refinery_name
ORDER BY attainment, w.refinery_id
