-- Which alarms were there, the newest first?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  a.alert_id AS alarm,
  a.compressor_id AS machine,
  a.signal,
  a.kind,
  a.severity,
  a.state,
  a.raised_at,
  a.cleared_at,
  a.acknowledged_at,
  a.acknowledged_by,
  ROUND(a.highest, 2) AS highest,
  a.limit AS limit_passed,
  a.is_on
FROM gold.alert_history AS a
ORDER BY
  a.raised_at DESC,
  a.alert_id NULLS LAST
LIMIT 50
