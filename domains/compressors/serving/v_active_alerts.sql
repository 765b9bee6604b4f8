-- Alerts that are on, with the machine and its station. What an instrument does (silent, stuck) has no severity.
SELECT a.*, m.station_name, m.model, m.rated_horsepower
FROM alert_history AS a
JOIN compressor_metadata AS m ON m.compressor_id = a.compressor_id
WHERE a.is_on
