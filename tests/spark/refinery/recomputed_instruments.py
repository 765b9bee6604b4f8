"""What is said of instruments, of operators' alarms and of units about to fail, said once more from silver by another engine
(see `recomputed`)."""

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
    # A place is a quarter of a day, from 0 to 55, the newest.
    "early_warnings": f"""
        with {STANDING.strip()},
        readings as (
            select *, floor(epoch(reading_timestamp) / 21600)::int - floor(epoch($as_of) / 21600)::int + 55 as place
            from silver.sensor_readings where reading_date between $as_of::date - 13 and $as_of::date),
        quarters as (
            select r.sensor_id, r.place, median(r.reading_value) as level
            from readings r
            left join standing s on s.unit_id = r.unit_id and s.hour = date_trunc('hour', r.reading_timestamp)
            where s.unit_id is null and coalesce(r.reading_quality, '') not in ('UNCERTAIN', 'BAD')
                and not coalesce(r.is_interpolated, false) and r.place between 0 and 55 and not exists (
                    select 1 from gold.suspect_readings q
                    where q.reading_id = r.reading_id and q.reading_date = r.reading_date)
            group by all),
        sensors as (
            select c.sensor_id, c.unit_id, c.sensor_type as kind, c.measurement_unit, h.warning_low::double as warning_low,
                h.warning_high::double as warning_high, h.critical_low::double as critical_low,
                h.critical_high::double as critical_high
            from silver.sensors h join silver.sensors c on c.sensor_id = h.sensor_id and c.is_current
            where h.is_active and h.effective_to > $as_of and (h.version = 1 or h.effective_from <= $as_of)
                and h.sensor_id in (select sensor_id from readings)),
        hours as (
            select unit_id, production_hour as hour, epoch($as_of - production_hour) / 3600 as ago, downtime_cause as cause,
                downtime_minutes as down, input_volume_barrels::double as charge,
                floor(epoch(production_hour) / 21600)::int - floor(epoch($as_of) / 21600)::int + 55 as place,
                coalesce(downtime_minutes > 0 or input_volume_barrels = 0, false) as stands,
                row_number() over (partition by unit_id order by production_hour) as n
            from silver.production_output where production_date > $as_of::date - 14 and production_hour <= $as_of),
        lately as (
            select *, max(hour) filter (not stands) over (partition by unit_id) as ran_at from hours),
        stood as (
            select unit_id, min(hour) as since, arg_max(cause, hour) as cause from lately
            where ran_at is null or hour > ran_at group by all),
        out as (
            select *, n - row_number() over (partition by unit_id order by hour) as island from hours where down >= 60),
        overhauls as (
            select unit_id, min(ago) - 13 as known, arg_max(cause, hour) as cause from out
            group by unit_id, island having count(*) >= 8),
        served as (
            select unit_id, min(known) as known, arg_min(cause, known) as cause from overhauls group by all),
        charges as (
            select unit_id, place, avg(charge) as charge, row_number() over (partition by unit_id order by place desc) as back
            from hours where down = 0 and not stands and place >= 0 group by unit_id, place),
        paces as (select unit_id, median(charge) as charge from charges where back <= 4 group by all),
        loads as (
            select unit_id, coalesce(avg(charge) filter (ago <= 24) / avg(charge) filter (ago > 96), 1) as load
            from hours where down = 0 and not stands group by all),
        told as (
            select s.unit_id, s.kind, q.* from quarters q join sensors s using (sensor_id) left join served o using (unit_id)
            where q.place >= coalesce(56 - floor(o.known / 6), 0) and not exists (
                select 1 from charges c join paces p using (unit_id)
                where c.unit_id = s.unit_id and c.place = q.place and abs(c.charge / p.charge - 1) > 0.1)),
        parts as (
            select unit_id, place, level / median(level) over (partition by sensor_id) as part
            from told where kind = 'Flow Rate'),
        flows as (select unit_id, place, median(part) as flow from parts group by all),
        stopped as (
            select unit_id from flows where place >= 52 group by all having arg_max(flow, place) < 0.2),
        steady as (
            select *, row_number() over (partition by sensor_id order by place) as nth,
                count(*) over (partition by sensor_id) as n
            from told t where not exists (
                select 1 from flows f where f.unit_id = t.unit_id and f.flow < 0.6 and t.place - f.place between 0 and 2)),
        figures as (
            select s.*, any_value(load) as load, case
                    when count(place) filter (place < 40) >= 4 then median(level) filter (place < 40)
                    when max(n) >= 12 then median(level) filter (nth <= 8) end as was,
                if(count(place) filter (place >= 52) >= 2, median(level) filter (place >= 52), null) as now,
                if(count(place) filter (place >= 50) >= 3, regr_slope(level, place) filter (place >= 50) / 6, null) as an_hour,
                if(count(place) filter (place >= 46) >= 5, regr_slope(level, place) filter (place >= 46) * 4, null) as a_day,
                arg_max(level, place) filter (place >= 52) as newest
            from sensors s left join steady using (sensor_id) left join loads l on l.unit_id = s.unit_id group by all),
        moves as (
            select * replace (coalesce(a_day * if(up, 1, -1) / nullif(abs(critical - usual), 0), 0) as a_day),
                coalesce(abs(now - usual) / nullif(abs(critical - usual), 0), 0) as share
            from (
                select *, if(kind = 'Flow Rate', was * coalesce(load, 1), was) as usual,
                    coalesce(now > usual, false) as up, if(up, critical_high, critical_low) as critical,
                    if(up, warning_high, warning_low) as warning from figures)),
        kinds as (
            select unit_id, kind, count(*) as sensors, greatest(3, ceil(count(*) / 4)) as needed,
                count(*) filter (share >= 0.13) as moved from moves group by all),
        ranked as (
            select m.*, needed, row_number() over (partition by unit_id, kind, up order by share desc, sensor_id) as rank
            from moves m join kinds using (unit_id, kind)),
        reached as (
            select unit_id, kind, up, max(share) filter (rank = needed) as share,
                median(a_day) filter (rank <= needed) as a_day,
                greatest(any_value(needed), count(*) filter (share >= 0.13)) as driving
            from ranked group by all),
        furthest as (
            select distinct on (unit_id) * from reached where share > 0 and a_day >= 0.01
            order by unit_id, share desc, kind, up desc),
        drives as (
            select r.*, if(r.an_hour * if(r.up, 1, -1) > 0, greatest(0, (critical - newest) / r.an_hour), null) as hours,
                if(r.an_hour * if(r.up, 1, -1) > 0, greatest(0, (warning - newest) / r.an_hour), null) as to_warning
            from ranked r join furthest f on f.unit_id = r.unit_id and f.kind = r.kind and f.up = r.up
            where r.rank <= f.driving),
        firsts as (select distinct on (unit_id) * from drives order by unit_id, hours nulls last, rank),
        driving as (
            select unit_id, list(sensor_id order by rank) as sensor_ids, min(to_warning) as to_warning
            from drives group by all),
        moved as (
            select k.unit_id, string_agg(k.kind || ' ' || moved || ' of ' || sensors, ', '
                order by k.kind != f.kind, moved desc, k.kind) as kinds
            from kinds k join furthest f using (unit_id) where moved >= 3 or k.kind = f.kind group by all),
        units as (
            select unit_id, case when s.unit_id is not null or p.unit_id is not null then 'STANDS'
                    when count(usual) = 0 then if(coalesce(any_value(o.known), 1e9) > 336, 'NEW LOAD', 'RESTARTED')
                    when any_value(f.share) >= 0.25 then 'STRONG' when any_value(f.share) >= 0.13 then 'WEAK'
                    else 'NONE' end as sign, any_value(s.since) as stands_since,
                if(s.unit_id is null, any_value(o.cause), any_value(s.cause)) as downtime_cause,
                if(sign in ('STRONG', 'WEAK', 'NONE'), coalesce(any_value(f.share), 0), null) as share_of_way,
                any_value(f.a_day) as a_day
            from moves m left join stood s using (unit_id) left join stopped p using (unit_id)
            left join served o using (unit_id) left join furthest f using (unit_id)
            group by unit_id, s.unit_id, p.unit_id),
        health as (
            select unit_id, arg_max(health_score, reading_date) as health_score,
                arg_max(maintenance_status, reading_date) as maintenance_status
            from gold.equipment_health where reading_date > $as_of::date - 14 and reading_date <= $as_of::date group by all)
        select u.unit_id, u.sign, d.hours as hours_to_critical, g.to_warning as hours_to_warning, d.sensor_id,
            d.kind as sensor_type, if(d.up, 'critical_high', if(d.up is null, null, 'critical_low')) as limit_kind,
            d.critical as limit_value, d.newest as current_value, d.usual as usual_value, d.measurement_unit,
            if(share_of_way is null, null, least(0.98, 1 / (1 + exp((0.142 - share_of_way) / 0.025)))) as confidence,
            share_of_way,
            if(d.up is null, null, u.a_day) as change_a_day, w.kinds as driving_sensors, g.sensor_ids as driving_sensor_ids,
            stands_since, downtime_cause, health_score, maintenance_status,
            row_number() over (order by list_position(
                ['STRONG', 'WEAK', 'STANDS', 'RESTARTED', 'NEW LOAD', 'NONE'], u.sign), d.hours nulls last,
                share_of_way desc nulls last, u.unit_id) as urgency
        from units u join health using (unit_id)
        left join firsts d on d.unit_id = u.unit_id and u.sign in ('STRONG', 'WEAK')
        left join driving g on g.unit_id = d.unit_id left join moved w on w.unit_id = d.unit_id
    """,
}
