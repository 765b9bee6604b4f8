-- How does production efficiency develop, week by week?
-- Columns: week, days of it that are in, crude processed, utilization, efficiency against what crude and
-- design promise, energy per barrel, downtime and on-spec rate over all refineries, latest week first.
SELECT
    week_start,
    max(days) AS days,
    sum(total_crude_processed) AS crude_barrels,
    round(avg(capacity_utilization), 3) AS utilization,
    round(avg(efficiency_ratio), 4) AS efficiency_ratio,
    round(avg(efficiency_ratio_change), 4) AS efficiency_change,
    round(avg(energy_intensity), 4) AS energy_mmbtu_per_barrel,
    round(avg(downtime_percentage), 4) AS downtime,
    round(avg(on_spec_rate), 3) AS on_spec_rate
FROM gold.weekly_trend
GROUP BY week_start
ORDER BY week_start DESC
