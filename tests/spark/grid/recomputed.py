"""Gold tables of the grid said once more, from bronze, in DuckDB's SQL.

Which rows of bronze passed is taken from silver; what they say, and what held for their customer and transformer at
the time, is read from bronze.
"""

CUSTOMERS = """
    customers as (
        select *, record_effective_date::timestamptz as holds_from,
            record_effective_date = min(record_effective_date) over (partition by customer_id) as is_first
        from (select distinct on (customer_id, record_effective_date) * from bronze.customer_master
              where _raw is null
              order by customer_id, record_effective_date, _sent_at desc, _source desc, _offset desc))"""
TRANSFORMERS = CUSTOMERS.replace("customer", "transformer")
READINGS = f"""
    {CUSTOMERS.strip()},
    sent as (
        select distinct on (b.event_id) b.* from bronze.smart_meter_readings b
        where b.event_id in (select event_id from silver.smart_meter_readings) and b._raw is null
        order by b.event_id, b._sent_at, b._source, b._offset),
    readings as (
        select s.event_id, s.meter_id, s.customer_id, s.timestamp as taken, s.reading_kwh as kwh, s.voltage_v, s.region,
            s.grid_zone, c.transformer_id, c.tariff_category, c.sanctioned_load_kw as sanctioned, c.account_status,
            c.meter_id as owned, (timezone('Asia/Kolkata', s.timestamp) - interval 1 millisecond) as local_time,
            (timezone('Asia/Kolkata', s.timestamp) - interval 1 millisecond)::date as reading_date
        from sent s join customers c on c.customer_id = s.customer_id
            and (c.holds_from <= s.timestamp or c.is_first)
        qualify row_number() over (partition by s.event_id order by c.holds_from desc) = 1)"""
TELEMETRY = f"""
    {TRANSFORMERS.strip()},
    sent as (
        select distinct on (b.telemetry_id) b.* from bronze.substation_telemetry b
        where b.telemetry_id in (select telemetry_id from silver.substation_telemetry) and b._raw is null
        order by b.telemetry_id, b._sent_at, b._source, b._offset),
    messages as (
        select s.*, timezone('Asia/Kolkata', s.timestamp)::date as telemetry_date, t.customers_served,
            s.oil_temperature_c - s.ambient_temperature_c as rise
        from sent s join transformers t on t.transformer_id = s.transformer_id
            and (t.holds_from <= s.timestamp or t.is_first)
        qualify row_number() over (partition by s.telemetry_id order by t.holds_from desc) = 1)"""

# Each: its key columns, then the columns that are compared.
SQL = {
    "meter_days": f"""
        with {READINGS},
        days as (
            select *, quantile_disc(kwh, 0.5) over of_day as usual, count(*) over of_day as n from readings
            window of_day as (partition by meter_id, customer_id, reading_date)),
        judged as (
            select *, kwh > case when n < 8 then 50 else greatest(4 * usual, 5) end
                and kwh > 1.2 * coalesce(sanctioned / 2, 0) as is_spike from days)
        select meter_id, customer_id, reading_date, count(*) as readings, sum(kwh) as measured_kwh,
            count(*) filter (kwh <= 0.05) as near_zero_readings, count(*) filter (is_spike) as spikes,
            coalesce(sum(kwh) filter (is_spike), 0) as spike_kwh, 2 * avg(kwh) filter (not is_spike) as mean_kw,
            2 * max(kwh) filter (not is_spike) as peak_kw, avg(voltage_v) as mean_voltage_v, count(*) / 48 as coverage
        from judged group by all
    """,
    "consumption_hours": f"""
        with {CUSTOMERS.strip()},
        reads as (
            select v.*, c.transformer_id from gold.validated_reads v join customers c on c.customer_id = v.customer_id
                and (c.holds_from <= v.interval_end or c.is_first)
            qualify row_number() over (partition by v.meter_id, v.interval_end order by c.holds_from desc) = 1)
        select transformer_id, timezone('Asia/Kolkata', date_trunc('hour',
                timezone('Asia/Kolkata', interval_end) - interval 1 millisecond)) as hour_start,
            sum(kwh) as used_kwh, coalesce(sum(kwh) filter (state != 'MEASURED'), 0) as estimated_kwh,
            count(*) filter (kwh is null) as missing_half_hours, count(distinct meter_id) as meters
        from reads group by all
    """,
    "peak_demand": """
        with hours as (
            select region, grid_zone, reading_date, hour_start, sum(used_kwh) as kwh, sum(estimated_kwh) as estimated
            from gold.consumption_hours group by all)
        select region, grid_zone, reading_date, max(kwh) as peak_kw, avg(kwh) as mean_kw, count(*) as hours,
            avg(kwh) / max(kwh) as load_factor, arg_max(hour_start, kwh) as peak_at,
            sum(estimated) / sum(kwh) as estimated_share
        from hours group by all
    """,
    "transformer_days": f"""
        with {TELEMETRY},
        numbers as (
            select transformer_id, telemetry_date, iot_device_id,
                greatest(max(sequence_number) - min(sequence_number) + 1 - count(sequence_number), 0) as lost
            from messages group by all),
        lost as (select transformer_id, telemetry_date, sum(lost) as lost_messages from numbers group by all)
        select m.transformer_id, m.telemetry_date, count(*) as messages, any_value(l.lost_messages) as lost_messages,
            avg(load_mw) as mean_load_mw, avg(load_mw ** 2) as mean_load_mw_squared,
            count(*) filter (load_percentage > 100) / 4 as overloaded_hours,
            count(*) filter (rise >= 60) / 4 as overheated_hours, max(oil_temperature_c) as max_oil_temperature_c,
            max(rise) as max_oil_rise_k, avg(dissolved_gas_ppm) as mean_gas_ppm,
            count(*) filter (breaker_status != 'CLOSED') / 4 as open_hours,
            count(*) filter (alarm_code = 'OVERLOAD') as overload_messages,
            count(*) filter (alarm_code = 'GAS_ALARM') as gas_alarm_messages,
            count(*) filter (alarm_code = 'BREAKER_TRIP') as breaker_trip_messages
        from messages m join lost l using (transformer_id, telemetry_date) group by all
    """,
    "energy_balance": """
        with meters as (
            select transformer_id, reading_date as balance_date, sum(mean_kw) as metered, min(coverage) as known
            from gold.meter_days group by all),
        model as (
            select d.transformer_id, d.telemetry_date, metered_share as part, no_load_loss_kw as iron,
                full_load_loss_fraction as copper
            from gold.transformer_days d join bronze.network_model n using (transformer_id) where n._raw is null
            qualify row_number() over (partition by d.transformer_id, d.telemetry_date order by
                case when n._sent_at <= d.telemetry_date::timestamp then epoch(n._sent_at) end desc nulls last,
                n._sent_at) = 1),
        sides as (
            select d.transformer_id, d.telemetry_date as balance_date, 1000 * d.mean_load_mw as delivered, m.metered,
                (1000 * d.mean_load_mw - n.iron - 1000 * n.copper * d.mean_load_mw_squared / d.capacity_mw)
                    * (1 - n.part) as unmetered,
                n.iron + 1000 * n.copper * d.mean_load_mw_squared / d.capacity_mw as losses,
                coalesce(m.known, 0) >= 0.5 and d.messages >= 48 as is_known
            from gold.transformer_days d join model n using (transformer_id, telemetry_date)
            left join meters m on m.transformer_id = d.transformer_id and m.balance_date = d.telemetry_date)
        select transformer_id, balance_date, delivered as delivered_kw, metered as metered_kw,
            unmetered as unmetered_kw, losses as losses_kw,
            case when is_known then delivered - metered - unmetered - losses end as unexplained_kw
        from sides
    """,
    "zone_balance": """
        select region, grid_zone, balance_date, count(*) as transformers, 0.024 * sum(delivered_kw) as delivered_mwh,
            0.024 * sum(metered_kw) as metered_mwh, 0.024 * sum(unexplained_kw) as unexplained_mwh,
            sum(unexplained_kw + losses_kw) / sum(delivered_kw) as loss_share
        from gold.energy_balance where unexplained_kw is not null group by all
    """,
    "interruptions": f"""
        with {TELEMETRY},
        off as (
            select *, epoch(timestamp) as second from messages where breaker_status in ('TRIPPED', 'OPEN')),
        marked as (
            select *, coalesce(second - lag(second) over by_time > 2700
                or breaker_status != lag(breaker_status) over by_time, true)::int as begins
            from off window by_time as (partition by transformer_id order by timestamp)),
        numbered as (
            select *, sum(begins) over (partition by transformer_id order by timestamp) as number from marked)
        select transformer_id, min(timestamp) as began_at, (max(second) - min(second) + 900) / 60 as minutes,
            max(customers_served) as customers, any_value(breaker_status) as breaker_status
        from numbered group by transformer_id, number
    """,
    "reliability_indices": f"""
        with {TRANSFORMERS},
        served as (
            select region, sum(customers_served) as customers from (
                select distinct on (transformer_id) * from transformers order by transformer_id, holds_from desc)
            where status != 'DECOMMISSIONED' group by region),
        months as (
            select distinct region, date_trunc('month', telemetry_date)::date as month from gold.transformer_days),
        outages as (
            select region, date_trunc('month', timezone('Asia/Kolkata', began_at))::date as month,
                sum(customers) as hit, sum(minutes * customers) as hit_minutes, count(*) as interruptions
            from gold.interruptions where breaker_status = 'TRIPPED' and minutes > 5 group by all)
        select region, month, coalesce(hit_minutes, 0) / customers as saidi_minutes,
            coalesce(hit, 0) / customers as saifi, hit_minutes / hit as caidi_minutes,
            coalesce(interruptions, 0) as interruptions
        from months join served using (region) left join outages using (region, month)
    """,
    "billing_reconciliation": """
        with changes as (
            select *, lpad(upper(substr(start_lsn, 3)), 20, '0') as lsn, lpad(upper(substr(seqval, 3)), 20, '0') as seq
            from bronze.billing_transactions where _raw is null and operation in (1, 2, 4)
                and transaction_id in (select transaction_id from bronze.billing_transactions where operation = 2)),
        bills as (
            select distinct on (transaction_id) * from changes order by transaction_id, lsn desc, seq desc),
        known_days as (
            select customer_id, meter_id, reading_date, sum(kwh) as kwh,
                coalesce(sum(kwh) filter (state = 'ESTIMATED'), 0) as estimated
            from gold.validated_reads group by all having count(kwh) >= 44),
        metered as (
            select b.transaction_id, sum(m.kwh) as kwh, sum(m.estimated) as estimated, count(*) as days
            from bills b join known_days m on m.customer_id = b.customer_id and m.meter_id = b.meter_id
                and m.reading_date between b.billing_period_start and b.billing_period_end
            where b.operation != 1 group by all),
        beside as (
            select b.transaction_id, units_consumed_kwh as units, rate_per_kwh as rate, base_amount as base,
                units_consumed_kwh * rate_per_kwh as expected, b.payment_status, b.total_amount, b.due_date,
                billing_period_end - billing_period_start + 1 as period,
                case when coalesce(m.days, 0) / (billing_period_end - billing_period_start + 1) >= 0.8
                    then m.kwh / m.days * (billing_period_end - billing_period_start + 1) end as metered,
                m.estimated / nullif(m.kwh, 0) as estimated
            from bills b left join metered m using (transaction_id) where operation != 1)
        select transaction_id, expected as expected_amount, base as base_amount, metered as metered_kwh,
            case when metered is not null then estimated end as estimated_share,
            units / metered as units_ratio, base / nullif(expected, 0) as amount_ratio,
            case when base <= 50 and expected > 100 then 'TRIVIAL_AMOUNT'
                when base / nullif(expected, 0) < 0.95 then 'BILLED_BELOW_TARIFF'
                when base / nullif(expected, 0) > 1.05 then 'BILLED_ABOVE_TARIFF'
                when estimated <= 0.2 and units / metered < 0.9 then 'UNITS_BELOW_METER'
                when estimated <= 0.2 and units / metered > 1.1 then 'UNITS_ABOVE_METER' else 'AGREES' end as verdict,
            greatest(greatest(coalesce(metered, units), units) * rate - base, 0) as missing_amount,
            case when payment_status = 'PAID' then total_amount else 0 end as paid_amount,
            case when payment_status in ('PENDING', 'OVERDUE') and due_date < $as_of::date then total_amount else 0 end
                as overdue_amount,
            case when payment_status in ('PENDING', 'OVERDUE') and due_date >= $as_of::date then total_amount else 0 end
                as not_due_amount
        from beside
    """,
    "billing_suspects": """
        select transaction_id, missing_amount,
            case when verdict = 'TRIVIAL_AMOUNT' and base_amount < 0.05 * expected_amount then 0.97
                when verdict = 'TRIVIAL_AMOUNT' then 0.85
                when base_amount < 0.5 * expected_amount then 0.8 else 0.75 end::double as confidence
        from gold.billing_reconciliation
        where verdict = 'TRIVIAL_AMOUNT' or base_amount < 0.5 * expected_amount
            or units_consumed_kwh < 0.5 * metered_kwh
    """,
    "renewable_days": """
        with sent as (
            select distinct on (b.reading_id) b.*, timezone('Asia/Kolkata', b.timestamp)::date as production_date
            from bronze.renewable_production b
            where b.reading_id in (select reading_id from silver.renewable_production) and b._raw is null
            order by b.reading_id, b._sent_at),
        days as (
            select plant_id, production_date, any_value(plant_type) as kind, 24 * avg(production_mw) as energy_mwh,
                24 * avg(curtailment_mw) as curtailed_mwh, max(capacity_mw) as capacity, count(*) as readings,
                count(distinct date_trunc('hour', timestamp)) >= 23 as is_whole,
                count(*) filter (inverter_status = 'FAULT') as fault_readings
            from sent group by all)
        select d.plant_id, d.production_date, d.energy_mwh, d.curtailed_mwh, d.readings, d.fault_readings,
            d.energy_mwh / (24 * d.capacity) as capacity_factor,
            arg_max(b.energy_mwh, b.production_date) as naive_mwh, avg(b.energy_mwh)
                + case d.kind when 'SOLAR' then 0 when 'WIND' then 0.6 else 0.9 end
                * (arg_max(b.energy_mwh, b.production_date) - avg(b.energy_mwh)) as forecast_mwh
        from days d left join days b on b.plant_id = d.plant_id and b.is_whole
            and b.production_date between d.production_date - 7 and d.production_date - 1
        group by d.plant_id, d.production_date, d.energy_mwh, d.curtailed_mwh, d.readings, d.fault_readings,
            d.capacity, d.kind
    """,
    "meter_conflicts": f"""
        with {READINGS},
        now as (
            select distinct on (customer_id) customer_id, meter_id from customers order by customer_id, holds_from desc)
        select meter_id, 'SEVERAL_OWNERS' as conflict, 0 as readings, 0.0::double as measured_kwh
        from now group by meter_id having count(distinct customer_id) > 1
        union all
        select meter_id, 'ANOTHERS_METER', count(*), sum(kwh) from readings where meter_id != owned group by meter_id
    """,
    "validated_reads": f"""
        with {READINGS},
        of_files as (
            select distinct on (read_id) * from bronze.interval_reads
            where _raw is null and read_id in (select read_id from silver.interval_reads)
            order by read_id, stated_at desc, _sent_at desc),
        pieces as (
            select *, case when quality != 'MISSING' then kwh / greatest(minutes // 30, 1) end as part_kwh,
                unnest(range(greatest(minutes // 30, 1))) as part
            from of_files where channel like 'E%' or channel = 'import'),
        halves as (
            select meter_id, channel, sum(part_kwh) as kwh, bool_or(quality != 'MEASURED') as is_estimate,
                bool_and(part_kwh is not null) and sum(least(minutes, 30)) = 30 as is_whole,
                to_timestamp(1800 * (floor(epoch(interval_begin) / 1800) + part + 1)) as interval_end
            from pieces group by all),
        whole as (
            select * from halves qualify bool_and(is_whole) over (partition by meter_id, interval_end)),
        owners as (
            select h.*, c.customer_id, c.account_status from whole h join (
                select *, min(holds_from) over (partition by meter_id) = holds_from as is_meters_first
                from customers) c on c.meter_id = h.meter_id
                and (c.holds_from <= h.interval_end - interval 30 minute or c.is_meters_first)
            qualify row_number() over (
                partition by h.meter_id, h.channel, h.interval_end order by c.holds_from desc) = 1),
        laid as (
            select meter_id, kwh, customer_id, account_status, taken, 1 as rank,
                to_timestamp(1800 * ceil((epoch(taken) - 60) / 1800)) as interval_end from readings
            union all
            select meter_id, sum(kwh), max(customer_id), max(account_status), interval_end,
                case when bool_or(is_estimate) then 2 else 0 end, interval_end
            from owners group by meter_id, interval_end),
        sent_once as (
            select meter_id, interval_end, case when rank < 2 then max(kwh) end as measured_kwh,
                arg_max(customer_id, taken) as owner, arg_max(account_status, taken) as account
            from (from laid qualify rank = min(rank) over (partition by meter_id, interval_end))
            group by meter_id, interval_end, rank),
        spans as (
            select meter_id, min(interval_end) as first_end,
                (timezone('Asia/Kolkata', max(interval_end)) - interval 1 millisecond)::date + 14 as last_day
            from laid group by all),
        owed as (
            select meter_id, unnest(generate_series(first_end, (select max(taken) from laid), interval 30 minute))
                as interval_end, last_day from spans),
        with_last as (
            select o.*, s.measured_kwh,
                (timezone('Asia/Kolkata', o.interval_end) - interval 1 millisecond)::date as day,
                coalesce(s.owner, lag(s.owner ignore nulls) over of_meter) as customer_id,
                coalesce(s.account, lag(s.account ignore nulls) over of_meter) as account
            from owed o left join sent_once s on s.meter_id = o.meter_id and s.interval_end = o.interval_end
            window of_meter as (partition by o.meter_id order by o.interval_end))
        select meter_id, interval_end, measured_kwh, day as reading_date, customer_id from with_last
        where day <= last_day and (measured_kwh is not null or account is distinct from 'CLOSED')
    """,
    "customer_standing": f"""
        with {CUSTOMERS.strip()},
        now as (
            select distinct on (customer_id) * from customers where holds_from <= $as_of or is_first
            order by customer_id, holds_from desc),
        days as (
            select * from gold.meter_days
            where reading_date > $as_of::date - 30 and reading_date <= $as_of::date)
        select n.customer_id, n.meter_id, n.sanctioned_load_kw, n.outstanding_balance,
            count(d.reading_date) as days, sum(24 * d.mean_kw) as consumed_kwh, max(d.peak_kw) as peak_kw,
            max(d.peak_kw) / n.sanctioned_load_kw as sanctioned_share,
            count(*) filter (d.peak_kw > d.sanctioned_load_kw) >= 3 as exceeds_sanctioned_load,
            $as_of::date - n.last_payment_date as days_since_payment
        from now n left join days d using (customer_id)
        group by n.customer_id, n.meter_id, n.sanctioned_load_kw, n.outstanding_balance, n.last_payment_date
    """,
    "maintenance_summary": """
        with newest as (
            select *, max(_sent_at || _source) over (partition by substr(log_id, 4, 7)) as of_file
            from bronze.maintenance_logs where _raw is null
                and log_id in (select log_id from silver.maintenance_logs)),
        jobs as (
            select *, case when completed_date <= $as_of::date then completed_date end as done
            from newest where _sent_at || _source = of_file
                and reported_date <= $as_of::date and (reported_date > $as_of::date - 182
                    or completed_date is null or completed_date > $as_of::date))
        select region, maintenance_type, count(*) as jobs, count(done) as finished_jobs,
            count(*) - count(done) as backlog,
            count(*) filter (done is null and scheduled_date < $as_of::date - 14) as backlog_overdue,
            sum(cost_inr) filter (done is not null) as cost_inr,
            avg(hours_spent) filter (done is not null) as mean_hours_to_repair,
            avg(done - reported_date) as mean_days_open,
            avg(downtime_hours) filter (done is not null) as mean_downtime_hours,
            count(distinct transformer_id) as transformers
        from jobs group by all
    """,
    "gas_diagnoses": """
        with newest as (
            select distinct on (sample_id) sample_id, transformer_id, sampled_at, hydrogen_ppm as h2,
                methane_ppm as ch4, ethane_ppm as c2h6, ethylene_ppm as c2h4, acetylene_ppm as c2h2,
                carbon_monoxide_ppm as co, carbon_dioxide_ppm as co2
            from bronze.gas_analyses where _raw is null and sample_id in (select sample_id from silver.gas_analyses)
            order by sample_id, reported_date desc),
        ratios as (
            select *, h2 + ch4 + c2h6 + c2h4 + c2h2 + co as burning, 100 / nullif(ch4 + c2h4 + c2h2, 0) as percent,
                case when c2h2 = 0 then 0 when c2h4 = 0 then 99 else c2h2 / c2h4 end as acetylenes,
                case when h2 = 0 then 99 else ch4 / h2 end as methanes,
                case when c2h4 = 0 then 0 when c2h6 = 0 then 99 else c2h4 / c2h6 end as ethylenes,
                h2 > 100 or ch4 > 120 or coalesce(c2h6 > 65, false) or c2h4 > 50 or c2h2 > 1 as is_odd
            from newest),
        worst as (
            select sample_id, max((ppm > low)::int + (ppm > middle)::int + (ppm > high)::int) + 1 as condition
            from (select sample_id, unnest([h2, ch4, c2h6, c2h4, c2h2, co, co2, burning]) as ppm,
                    unnest([100, 120, 65, 50, 1, 350, 2500, 720]) as low,
                    unnest([700, 400, 100, 100, 9, 570, 4000, 1920]) as middle,
                    unnest([1800, 1000, 150, 200, 35, 1400, 10000, 4630]) as high from ratios)
            group by sample_id),
        apart as (
            select *, date_diff('second', lag(sampled_at) over by_time, sampled_at) / 86400 as days,
                burning - lag(burning) over by_time as more
            from ratios window by_time as (partition by transformer_id order by sampled_at, sample_id))
        select sample_id, sampled_at, burning as combustible_ppm, condition as gas_condition, is_odd as tells_of_fault,
            case when days <= 200 then more / days end as combustible_ppm_a_day,
            case when not is_odd then null
                when ch4 * percent >= 98 then 'PD'
                when c2h2 * percent >= 29 and c2h4 * percent >= 23 then 'D2'
                when c2h2 * percent >= 13 and c2h4 * percent < 23 then 'D1'
                when c2h2 * percent >= 13 and c2h4 * percent < 40 then 'D2'
                when c2h2 * percent >= 15 or (c2h2 * percent >= 4 and c2h4 * percent < 50) then 'DT'
                when c2h4 * percent >= 50 then 'T3' when c2h4 * percent >= 20 then 'T2'
                when percent is not null then 'T1' end as fault_by_duval,
            case when not is_odd or c2h6 is null then null
                when acetylenes between 0.1 and 3 and methanes between 0.1 and 1 and ethylenes > 3 then 'D2'
                when acetylenes >= 0.1 then 'UNCLEAR'
                when methanes < 0.1 and ethylenes < 1 then 'PD'
                when methanes between 0.1 and 1 and ethylenes < 1 then 'NORMAL'
                when methanes between 0.1 and 1 and ethylenes <= 3 then 'T1'
                when methanes > 1 and ethylenes between 1 and 3 then 'T2'
                when methanes > 1 and ethylenes > 3 then 'T3' else 'UNCLEAR' end as fault_by_rogers
        from apart join worst using (sample_id)
    """,
    "transformer_health": f"""
        with {TRANSFORMERS.strip()},
        now as (
            select distinct on (transformer_id) * from transformers where holds_from <= $as_of or is_first
            order by transformer_id, holds_from desc),
        days as (
            select * from gold.transformer_days
            where telemetry_date > $as_of::date - 30 and telemetry_date <= $as_of::date),
        told as (
            select transformer_id, sum(messages) / 4 as hours, sum(overloaded_hours) as overloaded,
                sum(overheated_hours) as overheated, arg_max(mean_gas_ppm, telemetry_date) as gas
            from days group by all),
        grown as (
            select transformer_id,
                case when count(*) >= 5 then regr_slope(mean_gas_ppm, telemetry_date - date '2000-01-01') end as growth
            from days join now using (transformer_id)
            where last_maintenance_date is null or telemetry_date > last_maintenance_date group by all),
        tripped as (
            select transformer_id, count(*) as trips from gold.interruptions
            where breaker_status = 'TRIPPED' and began_at > $as_of - interval 30 day group by all),
        sampled as (
            select distinct on (transformer_id) * from gold.gas_diagnoses where sampled_at <= $as_of
            order by transformer_id, sampled_at desc),
        parts as (
            select n.transformer_id, o.fault_by_duval, t.gas as gas_ppm, g.growth as gas_ppm_a_day,
                t.overheated as overheated_hours,
                ($as_of::date - n.commissioning_date) / 365.25 as age_years,
                least(1, coalesce(4 * t.overloaded / t.hours, 0)) as load,
                least(1, coalesce(4 * t.overheated / t.hours, 0)) as heat,
                greatest(0, least(1, (coalesce(t.gas, 0) - 150) / 570),
                    least(1, (coalesce(g.growth, 0) - 2) / 8),
                    case when o.tells_of_fault and $as_of::date - timezone('UTC', o.sampled_at)::date <= 60
                        and coalesce(timezone('UTC', o.sampled_at)::date > n.last_maintenance_date, true)
                        then [0, 0.6, 0.85, 1][o.gas_condition] else 0 end) as gas,
                least(1, coalesce(r.trips / 6, 0)) as trips,
                greatest(0, least(1, coalesce((7 - n.health_index_score) / 6, 0))) as condition,
                greatest(0, least(1, coalesce(
                    (($as_of::date - n.commissioning_date) / 365.25 / n.expected_life_years - 0.6) / 0.6, 0))) as age,
                greatest(0, least(1, coalesce((($as_of::date - n.last_maintenance_date)
                    / n.maintenance_frequency_days - 1) / 2, 0))) as care
            from now n left join told t using (transformer_id) left join grown g using (transformer_id)
                left join sampled o using (transformer_id) left join tripped r using (transformer_id)
            where n.status != 'DECOMMISSIONED')
        select transformer_id, fault_by_duval, gas_ppm, gas_ppm_a_day, overheated_hours, age_years,
            1 - (1 - 0.5 * load) * (1 - 0.6 * heat) * (1 - 0.9 * gas) * (1 - 0.5 * trips) * (1 - 0.5 * condition)
                * (1 - 0.3 * age) * (1 - 0.3 * care) as risk_score
        from parts
    """,
}
