-- Which signals were beyond their limits, the newest first?
-- Columns: machine, signal, severity, from and to, readings beyond the limit, the highest value and the limit, whether it is on.
SELECT
    a.compressor_id AS machine,
    a.signal,
    a.severity,
    a.started_at,
    a.last_at,
    a.readings,
    round(a.highest, 2) AS highest,
    a.limit AS warning_limit,
    a.is_on
FROM gold.threshold_alerts a
ORDER BY a.last_at DESC, a.compressor_id, a.signal
LIMIT 50
