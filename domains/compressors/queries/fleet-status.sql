-- How is each machine, the worst first?
-- Columns: machine, station, status, alerts that are on, whether it runs and is silent, what it said last, and when.
SELECT
    f.compressor_id AS machine,
    f.station_name AS station,
    f.status,
    f.critical_alerts AS critical,
    f.warning_alerts AS warnings,
    f.is_running AS runs,
    f.is_silent AS silent,
    round(f.vibration_mms, 2) AS vibration_mms,
    round(f.discharge_temp_f, 1) AS discharge_temp_f,
    round(f.suction_pressure_psi, 1) AS suction_psi,
    round(f.discharge_pressure_psi, 1) AS discharge_psi,
    round(f.horsepower_consumption, 0) AS power_hp,
    round(f.gas_flow_mcf, 0) AS flow_mcf,
    f.last_heard_at
FROM gold.fleet_status f
ORDER BY CASE f.status WHEN 'critical' THEN 0 WHEN 'warning' THEN 1 WHEN 'unknown' THEN 2 ELSE 3 END, f.critical_alerts DESC, f.warning_alerts DESC, f.compressor_id
LIMIT 50
