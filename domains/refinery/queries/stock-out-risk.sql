-- Which late shipments endanger a refinery's supply of crude?
-- Columns: risk, shipment, refinery, crude, days late, days until it comes, days of supply of the refinery
-- and of the tank it goes to. Most dangerous first.
SELECT
    risk,
    shipment_id,
    refinery_name,
    crude_name,
    supplier_id,
    volume_barrels,
    days_late,
    days_until_arrival,
    round(days_of_supply, 1) AS days_of_supply,
    round(tank_days_of_supply, 1) AS tank_days_of_supply
FROM gold.stock_out_risk
ORDER BY
    CASE risk WHEN 'HIGH' THEN 1 WHEN 'MEDIUM' THEN 2 WHEN 'UNKNOWN' THEN 3 ELSE 4 END,
    days_of_supply - days_until_arrival,
    shipment_id
LIMIT 50
