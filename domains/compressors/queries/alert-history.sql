-- Which alarms were there, the newest first?
-- Columns: alarm, machine, signal, what is wrong, severity, state, when it was raised, cleared and acknowledged and by whom,
-- the highest value and the limit, whether it is on.
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
    round(a.highest, 2) AS highest,
    a.limit AS limit_passed,
    a.is_on
FROM gold.alert_history a
ORDER BY a.raised_at DESC, a.alert_id
LIMIT 50
