-- What did each refinery charge against its plan, and what kept it from the plan?
WITH last_day AS (
  SELECT
    MAX(production_date) AS today
  FROM refinery_gold.plan_attainment
), week AS (
  SELECT
    a.*,
    a.production_date = l.today AS is_last
  FROM refinery_gold.plan_attainment AS a
  CROSS JOIN last_day AS l
  WHERE
    a.production_date > l.today - INTERVAL '7' DAY
), missed AS (
  SELECT
    refinery_id,
    unit_id,
    MAX(unit_name) AS unit_name,
    SUM(gap_barrels) AS gap,
    MAX_BY(reason, gap_barrels) AS reason
  FROM week
  GROUP BY
    refinery_id,
    unit_id
), worst AS (
  SELECT
    refinery_id,
    unit_name,
    CASE WHEN gap > 0 THEN reason ELSE 'as planned' END AS reason,
    ROW_NUMBER() OVER (PARTITION BY refinery_id ORDER BY gap DESC, unit_id) AS place
  FROM missed
)
SELECT
  w.refinery_name,
  ROUND(
    CAST(SUM(w.charge_barrels) AS DOUBLE) / SUM(w.planned_charge_barrels - w.gap_by_unknown_barrels),
    3
  ) AS attainment,
  ROUND(
    CAST(SUM(CASE WHEN w.is_last THEN w.charge_barrels END) AS DOUBLE) / SUM(CASE WHEN w.is_last THEN w.planned_charge_barrels - w.gap_by_unknown_barrels END),
    3
  ) AS last_day,
  ROUND(CAST(SUM(w.gap_barrels) AS DOUBLE) / COUNT(DISTINCT w.production_date)) AS missing_a_day,
  MAX(
    CASE WHEN o.reason IN ('as planned', 'above plan') THEN 'none' ELSE o.unit_name END
  ) AS worst_unit,
  MAX(o.reason) AS its_reason,
  ROUND(CAST(SUM(w.gap_by_stand_barrels) AS DOUBLE) / COUNT(DISTINCT w.production_date)) AS by_stand,
  ROUND(CAST(SUM(w.gap_by_load_barrels) AS DOUBLE) / COUNT(DISTINCT w.production_date)) AS by_load,
  ROUND(
    CAST(SUM(w.gap_by_unknown_barrels) AS DOUBLE) / COUNT(DISTINCT w.production_date)
  ) AS by_unknown,
  ROUND(
    CAST(SUM(w.yield_gap * w.charge_barrels) AS DOUBLE) / SUM(CASE WHEN NOT w.yield_gap IS NULL THEN w.charge_barrels END),
    4
  ) AS yield_gap,
  ROUND(
    CAST(SUM(w.planned_charge_barrels) AS DOUBLE) / COUNT(DISTINCT w.production_date)
  ) AS planned_a_day,
  w.refinery_id
FROM week AS w
JOIN worst AS o
  ON o.refinery_id = w.refinery_id AND o.place = 1
WHERE
  w.is_crude_unit
GROUP BY
  w.refinery_id,
  w.refinery_name
ORDER BY
  attainment,
  w.refinery_id
