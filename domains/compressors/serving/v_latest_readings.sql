-- The newest hour of each machine, with where it stands.
SELECT m.compressor_id, m.station_id, m.station_name, r.hour_start, r.readings, r.minutes_run, r.status,
    r.mean_vibration_mms, r.max_vibration_mms, r.mean_discharge_temp_f, r.max_discharge_temp_f,
    r.mean_suction_pressure_psi, r.mean_discharge_pressure_psi, r.mean_pressure_differential,
    r.mean_horsepower_consumption, r.mean_gas_flow_mcf
FROM compressor_metadata AS m
JOIN (
    SELECT a.*, ROW_NUMBER() OVER (PARTITION BY a.compressor_id ORDER BY a.hour_start DESC) AS place
    FROM sensor_readings_agg AS a
) AS r ON r.compressor_id = m.compressor_id AND r.place = 1
