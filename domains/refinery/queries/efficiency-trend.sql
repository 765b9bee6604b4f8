-- How does production efficiency develop, week by week?
-- Columns: week, efficiency against what crude and design promise and its change, utilization, energy per barrel,
-- downtime and on-spec rate of the network, the crude processed, days of the week that are in and the share of its
-- unit-hours that came through. Every refinery counts by what it charged. Latest week first.
WITH network AS (
    SELECT
        week_start,
        max(days) AS days,
        sum(total_crude_processed) AS crude_barrels,
        sum(efficiency_ratio * efficiency_charge)
            / sum(CASE WHEN efficiency_ratio IS NOT NULL THEN efficiency_charge END) AS efficiency_ratio,
        sum(capacity_utilization * capacity_barrels) / sum(capacity_barrels) AS utilization,
        sum(energy_intensity * total_products_produced)
            / sum(CASE WHEN energy_intensity IS NOT NULL THEN total_products_produced END) AS energy_mmbtu_per_barrel,
        sum(downtime_percentage * unit_hours) / sum(unit_hours) AS downtime,
        sum(on_spec_rate * graded_hours) / sum(CASE WHEN on_spec_rate IS NOT NULL THEN graded_hours END) AS on_spec_rate,
        sum(unit_hours) / sum(unit_hours / coverage) AS coverage
    FROM gold.weekly_trend
    GROUP BY week_start
)
SELECT
    week_start,
    round(efficiency_ratio, 4) AS efficiency_ratio,
    round(efficiency_ratio - lag(efficiency_ratio) OVER (ORDER BY week_start), 4) AS efficiency_change,
    round(utilization, 3) AS utilization,
    round(energy_mmbtu_per_barrel, 4) AS energy_mmbtu_per_barrel,
    round(downtime, 4) AS downtime,
    round(on_spec_rate, 3) AS on_spec_rate,
    crude_barrels,
    days,
    round(coverage, 4) AS coverage
FROM network
ORDER BY week_start DESC
