-- Alerts that are on, with the machine and its station: of limits, and of instruments (silent, stuck), which are low.
SELECT a.*, m.station_name, m.model, m.rated_horsepower
FROM alert_history AS a
LEFT JOIN compressor_metadata AS m ON m.compressor_id = a.compressor_id
WHERE a.is_on
