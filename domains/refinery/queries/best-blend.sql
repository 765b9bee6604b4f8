-- What is the cheapest blend of the crudes in stock for each refinery's next day?
-- Columns: refinery, crude, its barrels and share, price, quality and cost of the blend, saving a day against
-- drawing all stocks alike, which limits bind; or why there is no blend within the limits.
SELECT
    refinery_name,
    status,
    coalesce(crude_name, reason) AS crude_or_reason,
    round(blend_barrels) AS barrels,
    round(blend_share, 3) AS share,
    round(price_per_barrel, 2) AS price,
    round(blend_api_gravity, 1) AS blend_api,
    round(blend_sulfur_pct, 2) AS blend_sulfur,
    round(blend_cost_per_barrel, 2) AS blend_cost,
    round(saving_per_day) AS saving_per_day,
    binding_limits
FROM gold.crude_blend
WHERE status <> 'OPTIMAL' OR blend_barrels > 0
ORDER BY refinery_name, share DESC
