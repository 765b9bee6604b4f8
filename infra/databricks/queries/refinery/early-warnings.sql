-- Which processing units show early warning signs of failure?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  CONCAT(COALESCE(unit_name, ''), ' ', COALESCE(unit_id, '')) AS unit,
  sign,
  ROUND(hours_to_critical) AS at_most_hours_to_critical,
  driving_sensors,
  ROUND(confidence, 2) AS confidence,
  CASE
    WHEN NOT sensor_id IS NULL
    THEN CONCAT(
      COALESCE(sensor_id, ''),
      ' ',
      COALESCE(limit_kind, ''),
      ' ',
      COALESCE(CAST(limit_value AS STRING), ''),
      ' ',
      COALESCE(measurement_unit, '')
    )
  END AS first_limit,
  ROUND(current_value, 1) AS it_reads,
  ROUND(usual_value, 1) AS usually,
  ROUND(hours_to_warning) AS at_most_hours_to_warning,
  stands_since,
  downtime_cause,
  refinery_name,
  maintenance_status
FROM gold.early_warnings
ORDER BY
  urgency NULLS LAST
LIMIT 10
