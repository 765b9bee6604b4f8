"""What is said of instruments and of operators' alarms, said once more from silver by another engine (see `recomputed`)."""

from tests.spark.refinery.recomputed import STANDING

SQL = {
    "alarm_kpis": """
        with events as (select *, console as refinery_id from silver.alarms where console is not null),
        grid as (
            select refinery_id, cast(day as date) as event_date
            from (select distinct refinery_id from events),
                generate_series((select min(event_date) from events)::timestamp,
                    (select max(event_date) from events)::timestamp, interval 1 day) days(day)),
        told as (
            select refinery_id, event_date, time_bucket(interval 10 minutes, event_at) as ten, subject, kind, priority
            from events where is_annunciated),
        tens as (select refinery_id, event_date, ten, count(*) as n from told group by all),
        loads as (
            select refinery_id, event_date, sum(n) as n, max(n) as most, count(*) filter (n > 10) as flooded
            from tens group by all),
        sources as (
            select refinery_id, event_date, count(*) as n,
                row_number() over (partition by refinery_id, event_date order by count(*) desc) as place
            from told group by refinery_id, event_date, subject, kind),
        worst as (select refinery_id, event_date, sum(n) as n from sources where place <= 10 group by all),
        shares as (
            select refinery_id, event_date, avg((priority = 'high')::int) as high, avg((priority = 'medium')::int) as medium,
                avg((priority = 'low')::int) as low from told group by all),
        others as (
            select refinery_id, event_date, count(*) filter (event = 'shelved' and acted_by = 'chatter') as chattering,
                count(*) filter (event = 'raised' and state = 'suppressed') as suppressed,
                count(*) filter (event = 'raised' and goes_to = 'maintenance') as maintenance from events group by all),
        stood as (
            select refinery_id, event_at as began,
                coalesce((select min(c.event_at) from events c where c.alarm_id = r.alarm_id and c.event = 'cleared'
                    and c.event_number > r.event_number), timestamptz '9999-01-01 00:00:00+00') as ended
            from events r where event = 'raised'
                and exists (select 1 from events t where t.alarm_id = r.alarm_id and t.is_annunciated)),
        stale as (
            select g.refinery_id, g.event_date, count(*) as n from grid g join stood s on s.refinery_id = g.refinery_id
                and cast(s.began + interval 1 day as date) <= g.event_date and cast(s.ended as date) > g.event_date
            group by all)
        select g.refinery_id, g.event_date, coalesce(l.n, 0) as annunciated_count,
            coalesce(l.n, 0) / 144 as average_in_ten_minutes, coalesce(l.most, 0) as most_in_ten_minutes,
            coalesce(l.flooded, 0) / 144 as flood_share, coalesce(s.n, 0) as stale_count,
            coalesce(o.chattering, 0) as chattering_count, coalesce(o.suppressed, 0) as suppressed_count,
            coalesce(o.maintenance, 0) as maintenance_count, w.n / l.n as bad_actor_share, p.high as high_share,
            p.medium as medium_share, p.low as low_share,
            case when coalesce(l.n, 0) <= 144 then 'ACCEPTABLE' when l.n <= 288 then 'MANAGEABLE'
                when l.n <= 720 then 'DEMANDING' else 'UNACCEPTABLE' end as load_status
        from grid g left join loads l using (refinery_id, event_date) left join worst w using (refinery_id, event_date)
            left join shares p using (refinery_id, event_date) left join others o using (refinery_id, event_date)
            left join stale s using (refinery_id, event_date)
    """,
    "sensor_trust": f"""
        with {STANDING.strip()},
        sensors as (
            select * from silver.sensors where effective_from <= $as_of and effective_to > $as_of),
        readings as (
            select r.*, s.unit_id is not null as stands, r.reading_date > cast($as_of as date) - 7 as judged,
                lag(reading_timestamp) over mine as before, lag(reading_value) over mine as last_value,
                lag(r.reading_date) over mine as last_date
            from silver.sensor_readings r
            left join standing s on s.unit_id = r.unit_id and s.hour = date_trunc('hour', r.reading_timestamp)
            where r.reading_date > cast($as_of as date) - 28
            window mine as (partition by r.sensor_id order by r.reading_timestamp)),
        runs as (
            select *, sum((stands or last_date is distinct from reading_date or reading_value != last_value)::int) over (
                partition by sensor_id order by reading_timestamp) as run from readings),
        stuck as (
            select sensor_id, reading_date, count(*) as n,
                epoch(max(reading_timestamp) - min(reading_timestamp)) / 3600 as hours
            from runs where judged group by sensor_id, reading_date, run),
        longest as (
            select sensor_id, reading_date, max(n) as n, max(hours) as hours from stuck group by all),
        levels as (
            select sensor_id, reading_date, any_value(judged) as judged, median(reading_value) as level
            from readings group by all),
        found as (
            select sensor_id, max(reading_timestamp) as last_reading_at, count(*) filter (judged) as reading_count,
                max(epoch(reading_timestamp - before) / 3600) filter (judged) as longest_gap_hours,
                avg((reading_quality is not distinct from 'UNCERTAIN')::int) filter (judged) as uncertain_share,
                avg((reading_quality is not distinct from 'BAD')::int) filter (judged) as bad_share,
                avg(is_interpolated::int) filter (judged) as interpolated_share,
                avg(is_out_of_range::int) filter (judged) as out_of_range_share
            from readings group by all),
        drifts as (
            select subject as sensor_id from silver.alarms where kind = 'drift' and event in ('raised', 'cleared')
            group by all having max(event_at) > $as_of - interval 7 days or arg_max(event, event_number) = 'raised')
        select s.sensor_id, f.last_reading_at, nullif(f.reading_count, 0) as reading_count, f.longest_gap_hours, f.uncertain_share, f.bad_share,
            f.interpolated_share, f.out_of_range_share,
            (select max(hours) from longest l where l.sensor_id = s.sensor_id) as longest_stuck_hours,
            if(f.sensor_id is null, null,
                exists (select 1 from longest l where l.sensor_id = s.sensor_id and n >= 5 and hours >= 3)) as is_stuck,
            (select arg_max(level, reading_date) from levels l where l.sensor_id = s.sensor_id and judged) as level,
            (select avg(level) from levels l where l.sensor_id = s.sensor_id and not judged) as level_before,
            coalesce(epoch($as_of - f.last_reading_at) / 3600, 1e9) > 24 as is_silent,
            coalesce(f.longest_gap_hours, 0) > 3 as has_gaps, d.sensor_id is not null as is_drifting
        from sensors s left join found f on f.sensor_id = s.sensor_id left join drifts d on d.sensor_id = s.sensor_id
    """,
}
