-- Which processing units show early warning signs of failure?
SELECT
  CONCAT(
    COALESCE(CAST(unit_name AS VARCHAR), ''),
    COALESCE(CAST(' ' AS VARCHAR), ''),
    COALESCE(CAST(unit_id AS VARCHAR), '')
  ) AS unit,
  sign,
  ROUND(hours_to_critical) AS at_most_hours_to_critical,
  driving_sensors,
  ROUND(confidence, 2) AS confidence,
  CASE
    WHEN NOT sensor_id IS NULL
    THEN CONCAT(
      COALESCE(CAST(sensor_id AS VARCHAR), ''),
      COALESCE(CAST(' ' AS VARCHAR), ''),
      COALESCE(CAST(limit_kind AS VARCHAR), ''),
      COALESCE(CAST(' ' AS VARCHAR), ''),
      COALESCE(CAST(limit_value AS VARCHAR), ''),
      COALESCE(CAST(' ' AS VARCHAR), ''),
      COALESCE(CAST(measurement_unit AS VARCHAR), '')
    )
  END AS first_limit,
  ROUND(current_value, 1) AS it_reads,
  ROUND(usual_value, 1) AS usually,
  ROUND(hours_to_warning) AS at_most_hours_to_warning,
  stands_since,
  downtime_cause,
  refinery_name,
  maintenance_status
FROM refinery_gold.early_warnings
ORDER BY
  urgency
LIMIT 10
