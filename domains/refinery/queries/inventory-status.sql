-- What is in the tanks, and which need attention?
-- Columns: product type, status, tanks, volume, fill as a fraction of capacity, days of supply of the type over all
-- refineries, and the refinery that is shortest of it with its own days.
SELECT
    i.product_type,
    i.inventory_status,
    count(*) AS tanks,
    sum(i.current_volume) AS volume_barrels,
    round(sum(i.current_volume) / sum(i.capacity_barrels), 3) AS fill,
    round(max(d.days_of_supply), 1) AS days_of_supply_of_type,
    max(d.shortest_refinery_id) AS shortest_refinery,
    round(max(d.shortest_days_of_supply), 1) AS its_days_of_supply
FROM gold.inventory_status i
LEFT JOIN gold.days_of_supply d ON d.level = 'PRODUCT_TYPE' AND d.product_type = i.product_type
GROUP BY i.product_type, i.inventory_status
ORDER BY i.product_type, tanks DESC
