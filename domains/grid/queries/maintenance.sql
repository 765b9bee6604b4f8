-- What does maintenance cost, how long does it take, and what is left to do?
-- Columns: region, kind of work, jobs of half a year and open ones, those done, backlog, what of it is overdue and the age
-- of its oldest job, cost, working hours of a job, days from report to completion, hours off, main cause, last day that
-- the exports tell of. The region that costs most comes first.
WITH costs AS (
    SELECT region AS costly, sum(cost_inr) AS of_region
    FROM gold.maintenance_summary
    GROUP BY region
)
SELECT
    region,
    maintenance_type AS kind,
    jobs,
    finished_jobs AS done,
    backlog,
    backlog_overdue AS overdue,
    oldest_open_days,
    round(cost_inr, 0) AS cost_inr,
    round(mean_hours_to_repair, 1) AS working_hours,
    round(mean_days_open, 1) AS days_open,
    round(mean_downtime_hours, 1) AS hours_off,
    main_cause,
    exported_until
FROM gold.maintenance_summary
JOIN costs ON costly = region
ORDER BY of_region DESC, region, cost_inr DESC
