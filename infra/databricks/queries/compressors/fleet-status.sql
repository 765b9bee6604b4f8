-- How is each machine, the worst first?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  f.compressor_id AS machine,
  f.station_name AS station,
  f.status,
  f.critical_alerts AS critical,
  f.warning_alerts AS warnings,
  f.is_running AS runs,
  f.is_silent AS silent,
  ROUND(f.vibration_mms, 2) AS vibration_mms,
  ROUND(f.discharge_temp_f, 1) AS discharge_temp_f,
  ROUND(f.suction_pressure_psi, 1) AS suction_psi,
  ROUND(f.discharge_pressure_psi, 1) AS discharge_psi,
  ROUND(f.horsepower_consumption, 0) AS power_hp,
  ROUND(f.gas_flow_mcf, 0) AS flow_mcf,
  f.last_heard_at
FROM gold.fleet_status AS f
ORDER BY
  CASE f.status
    WHEN 'critical'
    THEN 0
    WHEN 'warning'
    THEN 1
    WHEN 'unknown'
    THEN 2
    ELSE 3
  END NULLS LAST,
  f.critical_alerts DESC,
  f.warning_alerts DESC,
  f.compressor_id NULLS LAST
LIMIT 50
