-- What does maintenance cost, how long does it take, and what is left to do?
-- Columns: region, kind of work, jobs of half a year, those done, backlog and what of it is overdue, cost, working hours
-- of a job, days from report to completion, hours off, main cause. The region that costs most comes first.
SELECT
    region,
    maintenance_type AS kind,
    jobs,
    finished_jobs AS done,
    backlog,
    backlog_overdue AS overdue,
    round(cost_inr, 0) AS cost_inr,
    round(mean_hours_to_repair, 1) AS hours_to_repair,
    round(mean_days_open, 1) AS days_open,
    round(mean_downtime_hours, 1) AS hours_off,
    main_cause
FROM gold.maintenance_summary
ORDER BY sum(cost_inr) OVER (PARTITION BY region) DESC, region, cost_inr DESC
