-- Which late shipments endanger a refinery's supply of crude?
-- Columns: risk, shipment, refinery, chance that the refinery runs short within the hours looked ahead, the same if the
-- shipment never came, hours until it runs short (where it does), lowest stock expected and hours until then, days late,
-- days until it comes, crude, supplier, barrels, days of supply of the refinery, why a risk is unknown. Most dangerous
-- first.
SELECT
    risk,
    shipment_id,
    refinery_name,
    round(stock_out_probability, 3) AS chance,
    round(stock_out_probability_without_it, 3) AS chance_without_it,
    hours_to_stock_out,
    round(lowest_stock_barrels) AS lowest_stock_barrels,
    hours_to_lowest_stock,
    days_late,
    days_until_arrival,
    crude_name,
    supplier_id,
    volume_barrels,
    round(days_of_supply, 1) AS days_of_supply,
    hours_looked_ahead,
    unknown_because
FROM gold.stock_out_risk
ORDER BY
    CASE risk WHEN 'HIGH' THEN 1 WHEN 'MEDIUM' THEN 2 WHEN 'UNKNOWN' THEN 3 ELSE 4 END,
    stock_out_probability_without_it DESC,
    days_late DESC,
    shipment_id
LIMIT 50
