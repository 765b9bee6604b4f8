-- What should each refinery draw from its crude tanks on its next day?
-- Columns: refinery, tank with its id, barrels to draw from it and their share of the charge, what lies in it (or why there is no
-- plan), status, the day, quality of the charge beside the limits of the refinery's own diet, value of its products
-- less cost of its crude a barrel, what that earns on this one day above drawing all tanks alike, and which limits bind
-- and which tanks it draws empty.
SELECT
    b.refinery_name,
    concat_ws(' ', t.tank_name, b.tank_id) AS tank,
    round(max(tank_barrels)) AS barrels,
    round(max(tank_barrels / charge_barrels), 3) AS share,
    coalesce(max(tank_contents), max(reason)) AS holds_or_reason,
    b.status,
    b.charge_date,
    round(max(blend_api_gravity), 1) AS blend_api,
    round(max(api_min), 1) AS api_min,
    round(max(api_max), 1) AS api_max,
    round(max(blend_sulfur_pct), 2) AS blend_sulfur,
    round(max(sulfur_max_pct), 2) AS sulfur_max,
    round(max(blend_value_per_barrel - blend_cost_per_barrel), 2) AS margin_per_barrel,
    round(max(saving_per_day)) AS gain_per_day,
    max(binding_limits) AS binding_limits
FROM gold.crude_blend b
LEFT JOIN silver.storage_tanks t ON t.tank_id = b.tank_id AND t.is_current
GROUP BY b.refinery_id, b.refinery_name, b.tank_id, t.tank_name, b.status, b.charge_date
ORDER BY b.refinery_name, share DESC, b.tank_id
