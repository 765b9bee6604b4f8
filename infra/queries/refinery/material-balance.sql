-- Does what each refinery took in come out again?
WITH last_day AS (
  SELECT
    MAX(balance_date) AS today
  FROM refinery_gold.material_balance
), week AS (
  SELECT
    b.*
  FROM refinery_gold.material_balance AS b
  CROSS JOIN last_day AS l
  WHERE
    b.balance_date > l.today - INTERVAL '7' DAY AND b.crude_charge_tonnes > 0
)
SELECT
  refinery_name,
  ROUND(
    100 * (
      CAST(ABS(COALESCE(SUM(crude_imbalance_barrels), 0)) AS DOUBLE) / SUM(crude_charge_barrels) + CAST(ABS(SUM(mass_imbalance_tonnes)) AS DOUBLE) / SUM(crude_charge_tonnes)
    ),
    2
  ) AS imbalance_pct,
  ROUND(100 * MAX(imbalance), 1) AS worst_day_pct,
  MAX_BY(explanation, imbalance) AS worst_explained_by,
  SUM(CASE WHEN explanation = 'closes' THEN 1 ELSE 0 END) AS days_closed,
  COUNT(*) AS days,
  SUM(shipments_set_aside) AS shipments_set_aside,
  ROUND(CAST(100 * SUM(fuel_tonnes + loss_tonnes) AS DOUBLE) / SUM(crude_charge_tonnes), 1) AS fuel_and_loss_pct,
  ROUND(
    CAST(SUM(volume_yield * crude_charge_barrels) AS DOUBLE) / SUM(crude_charge_barrels),
    3
  ) AS barrels_per_barrel,
  ROUND(
    CAST(100 * SUM(sulfur_recovered_tonnes) AS DOUBLE) / SUM(sulfur_in_crude_tonnes),
    0
  ) AS sulfur_recovered_pct,
  ROUND(
    CAST(100 * SUM(sulfur_unaccounted * sulfur_in_crude_tonnes) AS DOUBLE) / SUM(sulfur_in_crude_tonnes),
    0
  ) AS sulfur_unaccounted_pct,
  ROUND(CAST(SUM(energy_mmbtu) AS DOUBLE) / SUM(crude_charge_barrels), 3) AS mmbtu_per_barrel,
  ROUND(SUM(crude_charge_tonnes)) AS crude_tonnes,
  refinery_id
FROM week
GROUP BY
  refinery_id,
  refinery_name
ORDER BY
  imbalance_pct DESC,
  refinery_id
