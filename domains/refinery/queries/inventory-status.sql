-- What is in each tank, and when does it leave its limits?
-- Columns: refinery, tank, what it holds, fill as a fraction of capacity, status, hours until it is expected below its
-- lowest (low) or above its highest operating level (high) and which of them, nothing where that is not expected within
-- the forecast, as of any tank that is lifted or supplied in time; barrels in it, lowest and highest level, days of supply of the tank. The most urgent first.
WITH limits AS (
    SELECT tank_id, max(min_barrels) AS min_barrels, max(max_barrels) AS max_barrels
    FROM gold.inventory_forecast
    GROUP BY tank_id
),
path AS (
    SELECT i.tank_id, 0 AS days_ahead, CAST(i.current_volume AS DOUBLE) AS level, l.min_barrels, l.max_barrels
    FROM gold.inventory_status i
    JOIN limits l ON l.tank_id = i.tank_id
    UNION ALL
    SELECT tank_id, days_ahead, expected_barrels, min_barrels, max_barrels
    FROM gold.inventory_forecast
),
steps AS (
    SELECT *, lag(level) OVER (PARTITION BY tank_id ORDER BY days_ahead) AS level_before FROM path
),
crossings AS (
    SELECT
        tank_id,
        CASE WHEN level < min_barrels THEN 'low' ELSE 'high' END AS limit_left,
        CASE
            WHEN days_ahead = 0 THEN 0
            ELSE 24 * (days_ahead - 1 + (level_before - CASE WHEN level < min_barrels THEN min_barrels ELSE max_barrels END)
                / (level_before - level))
        END AS hours_to_limit,
        row_number() OVER (PARTITION BY tank_id ORDER BY days_ahead) AS nth
    FROM steps
    WHERE level < min_barrels OR level > max_barrels
)
SELECT
    i.refinery_name AS refinery,
    i.tank_name AS tank,
    i.product_type AS holds,
    round(1.0 * i.current_volume / i.capacity_barrels, 3) AS fill,
    i.inventory_status AS status,
    round(c.hours_to_limit) AS hours_to_limit,
    c.limit_left,
    i.current_volume AS barrels,
    round(l.min_barrels) AS lowest_barrels,
    round(l.max_barrels) AS highest_barrels,
    round(d.days_of_supply, 1) AS days_of_supply,
    i.tank_id
FROM gold.inventory_status i
LEFT JOIN limits l ON l.tank_id = i.tank_id
LEFT JOIN crossings c ON c.tank_id = i.tank_id AND c.nth = 1
LEFT JOIN gold.days_of_supply d ON d.level = 'TANK' AND d.tank_id = i.tank_id
ORDER BY coalesce(c.hours_to_limit, 1000000), CASE WHEN i.inventory_status = 'NORMAL' THEN 1 ELSE 0 END, fill, i.tank_id
LIMIT 50
