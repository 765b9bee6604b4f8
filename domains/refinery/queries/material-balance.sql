-- Does what each refinery took in come out again?
-- Columns: refinery, what does not close over the last seven days and on its worst day (per cent of the crude, of crude
-- and of mass without their signs), the explanation of that day, days that close, deliveries that were set aside, fuel and loss (per cent of the crude by weight), barrels of products a
-- barrel of crude, sulphur of the crude that was recovered and that is in no account (per cent), energy a barrel
-- (MMBtu), crude charged in the week (tonnes). The worst first.
WITH last_day AS (
    SELECT max(balance_date) AS today FROM gold.material_balance
),
week AS (
    SELECT b.*
    FROM gold.material_balance b
    CROSS JOIN last_day l
    WHERE b.balance_date > l.today - INTERVAL '7' DAY AND b.crude_charge_tonnes > 0
)
SELECT
    refinery_name,
    round(100 * (abs(coalesce(sum(crude_imbalance_barrels), 0)) / sum(crude_charge_barrels)
        + abs(sum(mass_imbalance_tonnes)) / sum(crude_charge_tonnes)), 2) AS imbalance_pct,
    round(100 * max(imbalance), 1) AS worst_day_pct,
    max_by(explanation, imbalance) AS worst_explained_by,
    sum(CASE WHEN explanation = 'closes' THEN 1 ELSE 0 END) AS days_closed,
    count(*) AS days,
    sum(shipments_set_aside) AS shipments_set_aside,
    round(100 * sum(fuel_tonnes + loss_tonnes) / sum(crude_charge_tonnes), 1) AS fuel_and_loss_pct,
    round(sum(volume_yield * crude_charge_barrels) / sum(crude_charge_barrels), 3) AS barrels_per_barrel,
    round(100 * sum(sulfur_recovered_tonnes) / sum(sulfur_in_crude_tonnes), 0) AS sulfur_recovered_pct,
    round(100 * sum(sulfur_unaccounted * sulfur_in_crude_tonnes) / sum(sulfur_in_crude_tonnes), 0)
        AS sulfur_unaccounted_pct,
    round(sum(energy_mmbtu) / sum(crude_charge_barrels), 3) AS mmbtu_per_barrel,
    round(sum(crude_charge_tonnes)) AS crude_tonnes,
    refinery_id
FROM week
GROUP BY refinery_id, refinery_name
ORDER BY imbalance_pct DESC, refinery_id
