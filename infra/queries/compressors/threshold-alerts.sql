-- Which signals were beyond their limits, the newest first?
SELECT
  a.compressor_id AS machine,
  a.signal,
  a.severity,
  a.started_at,
  a.last_at,
  a.readings,
  ROUND(a.highest, 2) AS highest,
  a.limit AS warning_limit,
  a.is_on
FROM compressors_gold.threshold_alerts AS a
ORDER BY
  a.last_at DESC,
  a.compressor_id,
  a.signal
LIMIT 50
