"""Gold tables of the compressors said once more in DuckDB's SQL, with windows over time in place of differences of
sums."""

SIGNALS = {
    "vibration": "vibration_mms",
    "temp": "discharge_temp_f",
    "suction": "suction_pressure_psi",
    "pressure": "discharge_pressure_psi",
    "power": "horsepower_consumption",
    "flow": "gas_flow_mcf",
}
WINDOWS = {"1hr": "1 hour", "4hr": "4 hours", "24hr": "24 hours"}
STATUS = (
    "case when {3}_is_spike then null "
    "when {0} >= {2} then 2 when {0} >= {1} then 1 when {0} is not null then 0 end"
)
RANKS = {
    "vibration_mms": STATUS.format("vibration_mms", 5.0, 7.1, "vibration"),
    "discharge_temp_f": STATUS.format("discharge_temp_f", 265.0, 290.0, "temp"),
    "discharge_pressure_psi": STATUS.format("discharge_pressure_psi", 1150.0, 1250.0, "pressure"),
}
PRIORITY = "list_position(['low', 'medium', 'high'], priority)"
WORD = "['normal', 'warning', 'critical'][{0} + 1]"

FEATURES = f"""
    select compressor_id, timestamp, {
    ", ".join(
        f"avg({signal}) over last_{window} as {name}_{window}_mean, "
        f"stddev_samp({signal}) over last_{window} as {name}_{window}_std, "
        f"max({signal}) over last_{window} as {name}_{window}_max"
        for name, signal in SIGNALS.items()
        for window in WINDOWS
    )
},
        discharge_pressure_psi - suction_pressure_psi as pressure_differential,
        hour(timezone('UTC', timestamp)) as hour_of_day, isodow(timezone('UTC', timestamp)) - 1 as day_of_week,
        isodow(timezone('UTC', timestamp)) >= 6 as is_weekend,
        {
    ", ".join(
        f"{WORD.format(rank)} as {name}_status"
        for name, rank in zip(("vibration", "temp", "pressure"), RANKS.values(), strict=True)
    )
}
    from gold.sensor_features
    window {
    ", ".join(
        f"last_{window} as (partition by compressor_id order by timestamp "
        f"range between interval '{span}' - interval 1 microsecond preceding and current row)"
        for window, span in WINDOWS.items()
    )
}
"""

SQL = {
    "sensor_features": FEATURES,
    "sensor_hours": f"""
        select compressor_id, date_trunc('hour', timezone('UTC', timestamp)) at time zone 'UTC' as hour_start,
            count(*) as readings, 10 * count(*) filter (is_running) as minutes_run,
            {", ".join(f"avg({each}) as mean_{each}, max({each}) as max_{each}" for each in SIGNALS.values())},
            {" + ".join(f"count(*) filter ({name}_is_spike)" for name in SIGNALS)} as spikes,
            {WORD.format(f"max(greatest({', '.join(RANKS.values())}))")} as status
        from gold.sensor_features group by 1, 2
    """,
    "alert_history": f"""
        with events as (
            select *, {PRIORITY} as priority_rank, case severity when 'critical' then 2 else 1 end as rank
            from silver.alarms where alarm_id is not null and event != 'refused'),
        newest as (
            select * from events qualify row_number() over (partition by alarm_id order by event_number desc) = 1),
        worst as (
            select alarm_id, max(rank) as rank, max(priority_rank) as priority_rank, min(since) as began_at,
                min(event_at) filter (event = 'raised') as raised_at,
                count(*) filter (event = 'raised') as times_raised,
                max(event_number) filter (event = 'raised') as last_raised,
                max(event_number) filter (event = 'cleared') as last_cleared,
                max(event_at) filter (event = 'cleared') as cleared_at,
                max(case kind when 'limit' then limit_value end) as "limit"
            from events group by 1),
        beyond as ({
        " union all ".join(
            f"select compressor_id, timestamp, '{name}' as signal, {signal} as value from gold.sensor_features "
            f"where {rank} > 0"
            for name, (signal, rank) in zip(("vibration", "temp", "pressure"), RANKS.items(), strict=True)
        )
    })
        select n.alarm_id as alert_id, n.group_id as compressor_id, n.console as station_id,
            split_part(n.subject, '/', 2) as signal, n.kind, n.state, {WORD.format("w.rank")} as severity,
            ['low', 'medium', 'high'][w.priority_rank] as priority, began_at, raised_at, times_raised,
            coalesce(last_raised > last_cleared, true) as is_on,
            case when last_cleared > last_raised then w.cleared_at end as cleared_at, n.until as shelved_until, "limit",
            case n.kind when 'limit' then (
                select max(value) from beyond b where b.compressor_id = n.group_id
                and b.signal = split_part(n.subject, '/', 2) and b.timestamp >= w.began_at
                and (last_cleared is null or last_raised > last_cleared or b.timestamp <= w.cleared_at)) end as highest
        from newest n join worst w using (alarm_id)
    """,
    "fleet_status": f"""
        with last as (
            select *, greatest({", ".join(RANKS.values())}) as rank from gold.sensor_features
            qualify row_number() over (partition by compressor_id order by timestamp desc) = 1),
        alerts as (
            select compressor_id, max(case severity when 'critical' then 2 else 1 end) as rank,
                count(*) filter (severity = 'critical') as critical, count(*) filter (severity = 'warning') as warning
            from gold.alert_history where is_on and kind = 'limit' group by all)
        select l.compressor_id, l.timestamp as last_heard_at, l.vibration_mms,
            {WORD.format("greatest(coalesce(l.rank, 0), coalesce(a.rank, 0))")} as status,
            coalesce(critical, 0) as critical_alerts, coalesce(warning, 0) as warning_alerts,
            epoch($as_of) - epoch(l.timestamp) > 900 as is_silent
        from last l left join alerts a using (compressor_id)
    """,
    "data_quality": f"""
        with machines as (select compressor_id, station_id from silver.compressor_metadata where is_current),
        sizes as (select station_id, count(*) as machines from machines group by all),
        hours as (
            select compressor_id, date_trunc('hour', timezone('UTC', timestamp)) at time zone 'UTC' as hour_start,
                count(*) as readings, max(epoch(timestamp)) as newest,
                {" + ".join(f"count({each})" for each in SIGNALS.values())} as known,
                count(*) filter (coalesce(pressure_differential >= -5, true)
                    and coalesce(gas_flow_mcf < 100 or horsepower_consumption > 5, true)) as together
            from gold.sensor_features group by 1, 2)
        select station_id, hour_start, any_value(s.machines) as machines, sum(readings) as readings,
            count(*) filter (newest >= epoch(hour_start) + 2700) / any_value(s.machines) as freshness,
            sum(least(readings, 6)) / (6 * any_value(s.machines)) * sum(known) / (6 * sum(readings)) as completeness,
            sum(together) / sum(readings) as consistency
        from hours join machines using (compressor_id) join sizes s using (station_id) group by 1, 2
    """,
}
