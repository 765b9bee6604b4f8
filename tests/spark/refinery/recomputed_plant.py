"""What a manager asks of plan, money and matter, said once more from silver by another engine (see `recomputed`)."""

SQL = {
    "plan_attainment": """
        with days as (
            select production_date, max(hour(production_hour)) + 1 as hours from silver.production_output group by all),
        made as (
            select unit_id, production_date, count(*) as hours, sum(input_volume_barrels) as charge,
                sum(output_volume_barrels) as main, sum(downtime_minutes) as down
            from silver.production_output group by all),
        held as (
            select p.unit_id, d.production_date, p.planned_charge_barrels * d.hours / 24 as plan, d.hours,
                coalesce(m.charge, 0) as charge, coalesce(m.down, 0) as down, d.hours - coalesce(m.hours, 0) as unknown,
                p.planned_charge_barrels / nullif(24 - p.planned_stand_minutes / 60, 0) as pace,
                p.planned_stand_minutes * d.hours / 24 as planned_down, m.main / nullif(m.charge, 0) as yielded,
                p.planned_yield
            from silver.production_plans p join days d on d.production_date = p.plan_date
            left join made m on m.unit_id = p.unit_id and m.production_date = p.plan_date)
        select unit_id, production_date, plan as planned_charge_barrels, charge as charge_barrels,
            if(hours > unknown, charge / nullif(plan - pace * unknown, 0), null) as attainment, plan - charge as gap_barrels,
            pace * (down - planned_down) / 60 as gap_by_stand_barrels, pace * unknown as gap_by_unknown_barrels,
            plan - charge - pace * (down - planned_down) / 60 - pace * unknown as gap_by_load_barrels,
            yielded as main_product_yield, yielded - planned_yield as yield_gap, unknown as unknown_hours
        from held
    """,
    "product_movements": """
        with tickets as (
            select refinery_id, product_id, lifted_date as movement_date,
                sum(volume_barrels) filter (movement = 'LIFTING') as lifted,
                sum(volume_barrels) filter (movement = 'PIPELINE') as piped,
                sum(volume_barrels) filter (movement = 'PURCHASE') as bought,
                sum(if(movement = 'PURCHASE', -1, 1) * mass_tonnes) as tonnes
            from silver.product_liftings group by all),
        firsts as (
            select tank_id, refinery_id, measurement_date as day, arg_min(volume_barrels, measurement_timestamp) as opening,
                arg_max(volume_barrels, measurement_timestamp) as closing, any_value(product_id) as product_id
            from silver.tank_inventory where product_type != 'Crude Oil' group by all),
        gains as (
            select f.refinery_id, h.product_id, f.day as movement_date,
                sum(coalesce(n.opening, f.closing) - f.opening) as gained
            from firsts f left join firsts n on n.tank_id = f.tank_id and n.day = f.day + 1
            join (select tank_id, max(product_id) as product_id from firsts group by all) h on h.tank_id = f.tank_id
            group by all),
        weights as (
            select refinery_id, product_id, avg(density_kg_m3) * 0.158987294928 / 1000 as tonnes
            from silver.product_liftings group by all)
        select refinery_id, product_id, movement_date, coalesce(lifted, 0) as lifted_barrels,
            coalesce(piped, 0) as pipeline_barrels, coalesce(bought, 0) as purchased_barrels,
            coalesce(gained, 0) as stock_change_barrels,
            coalesce(lifted, 0) + coalesce(piped, 0) - coalesce(bought, 0) + coalesce(gained, 0) as made_barrels,
            coalesce(t.tonnes, 0) as moved_tonnes, coalesce(gained * w.tonnes, 0) as stock_change_tonnes
        from tickets t full join gains g using (refinery_id, product_id, movement_date)
        left join weights w using (refinery_id, product_id)
    """,
    "material_balance": """
        with hours as (
            select *, input_volume_barrels as charge, output_volume_barrels + coalesce(coproduct_volume_barrels, 0) as made,
                coalesce(141.5 / (131.5 + c.api_gravity_typical) * 999.016 * 0.158987294928 / 1000, 0.1364) as weight,
                c.sulfur_content_typical / 100 as sulfur, production_date as balance_date,
                count(*) over (partition by unit_id, production_date) as seen,
                max(hour(production_hour)) over (partition by production_date) + 1 as there
            from silver.production_output p left join silver.crude_types c on c.crude_type_id = p.input_crude_type_id),
        plant as (
            select refinery_id, balance_date, sum(charge * there / seen) filter (is_crude_unit) as charge,
                sum(charge * weight * there / seen) filter (is_crude_unit) as tonnes,
                sum((charge - made) * weight * there / seen) filter (is_crude_unit) as loss,
                sum(charge * weight * sulfur * there / seen) filter (is_crude_unit) as sulfur,
                coalesce(sum(output_volume_barrels * 0.158987294928 * 1.95 * there / seen)
                    filter (unit_type = 'Sulfur Recovery'), 0) as recovered,
                sum(energy_consumed_mmbtu * there / seen) as energy
            from hours group by all),
        come as (
            select shipment_id, max(arrival_date) as said
            from bronze.crude_shipments where status = 'DELIVERED' group by all),
        arrived as (
            select refinery_id, sum(volume_barrels) as arrived,
                if(status = 'DELIVERED' or not coalesce(said >= shipment_date and abs(said - arrival_date) <= 180, false),
                    arrival_date, said) as balance_date
            from silver.crude_shipments left join come using (shipment_id)
            where status = 'DELIVERED' or come.shipment_id is not null group by all),
        levels as (
            select tank_id, refinery_id, measurement_date as day, arg_min(volume_barrels, measurement_timestamp) as opening,
                arg_max(volume_barrels, measurement_timestamp) as closing
            from silver.tank_inventory where product_type = 'Crude Oil' group by all),
        gains as (
            select f.refinery_id, f.day as balance_date, sum(coalesce(n.opening, f.closing) - f.opening) as gained
            from levels f left join levels n on n.tank_id = f.tank_id and n.day = f.day + 1 group by all),
        products as (
            select refinery_id, movement_date as balance_date, sum(moved_tonnes) as moved, sum(stock_change_tonnes) as stock,
                sum(made_tonnes * sulfur_pct / 100) as sulfur_out, sum(made_barrels) as made
            from gold.product_movements group by all)
        select refinery_id, balance_date, charge as crude_charge_barrels, tonnes as crude_charge_tonnes,
            coalesce(arrived, 0) as crude_arrivals_barrels, gained as crude_stock_change_barrels,
            coalesce(arrived, 0) - gained - charge as crude_imbalance_barrels,
            moved as product_tonnes, stock as product_stock_change_tonnes, recovered as sulfur_recovered_tonnes,
            energy / 39.68 as fuel_tonnes, loss as loss_tonnes,
            tonnes - moved - stock - recovered - energy / 39.68 - loss as mass_imbalance_tonnes,
            coalesce(abs(coalesce(arrived, 0) - gained - charge) / nullif(charge, 0), 0)
                + abs(tonnes - moved - stock - recovered - energy / 39.68 - loss) / nullif(tonnes, 0) as imbalance,
            energy / 39.68 / nullif(tonnes, 0) as fuel_share, made / nullif(charge, 0) as volume_yield,
            sulfur as sulfur_in_crude_tonnes, (sulfur - sulfur_out - recovered) / nullif(sulfur, 0) as sulfur_unaccounted
        from plant left join arrived using (refinery_id, balance_date) left join gains using (refinery_id, balance_date)
        left join products using (refinery_id, balance_date)
    """,
    "product_margin": """
        with hours as (
            select p.*, c.benchmark_price_differential as differential,
                count(*) over (partition by unit_id, production_date) as seen,
                max(hour(production_hour)) over (partition by production_date) + 1 as there
            from silver.production_output p
            left join silver.crude_types c on c.crude_type_id = p.input_crude_type_id where is_crude_unit),
        days as (select distinct production_date from hours),
        prices as (
            select d.production_date, m.product_id, arg_max(m.price_per_barrel, m.price_date) as price,
                arg_max(m.benchmark_per_barrel, m.price_date) as benchmark
            from days d join silver.market_prices m on m.price_date <= d.production_date group by all),
        benchmarks as (select production_date, median(benchmark) as benchmark from prices group by all),
        costs as (
            select refinery_id, production_date, sum(input_volume_barrels * there / seen) as charge,
                sum(input_volume_barrels * (benchmark + coalesce(differential, 0)) * there / seen) as cost
            from hours left join benchmarks using (production_date) group by all),
        worth as (
            select refinery_id, movement_date as production_date, sum(made_barrels * price) as value
            from gold.product_movements m join prices p
                on p.production_date = m.movement_date and p.product_id = m.product_id group by all)
        select refinery_id, production_date, charge as total_crude_processed, value as product_value_usd,
            cost as crude_cost_usd, value - cost as margin_usd, (value - cost) / nullif(charge, 0) as margin_per_barrel
        from costs join worth using (refinery_id, production_date)
    """,
    "maintenance_kpis": """
        with marks as (select $as_of as now),
        known as (
            select o.*, o.finished_at <= now as is_done, now from silver.work_orders o cross join marks where opened_at <= now),
        span as (select greatest(max(now) - interval 180 day, min(opened_at)) as since, max(now) as now from known),
        units as (
            select refinery_id, unit_type, count(*) as units from silver.processing_units u
            join silver.refineries r using (refinery_id), marks
            where u.is_active and r.is_active and (effective_from <= now or version = 1) and effective_to > now group by all)
        select u.refinery_id, u.unit_type, u.units,
            count(*) filter (kind = 'CORRECTIVE' and opened_at >= k.now - interval 180 day) as failures,
            any_value(u.units * epoch(span.now - span.since) / 86400)
                / nullif(count(*) filter (kind = 'CORRECTIVE' and opened_at >= k.now - interval 180 day), 0) as mtbf_days,
            avg(epoch(finished_at - opened_at) / 3600) filter (kind = 'CORRECTIVE' and is_done
                and finished_at >= k.now - interval 180 day) as mttr_hours,
            count(*) filter (work_order_id is not null and not coalesce(is_done, false)) as backlog,
            coalesce(sum(cost_usd) filter (is_done and finished_at >= k.now - interval 180 day), 0) as cost_usd,
            count(*) filter (kind = 'PREVENTIVE' and is_done and finished_at >= k.now - interval 180 day)
                / nullif(count(*) filter (is_done and finished_at >= k.now - interval 180 day), 0) as planned_share
        from units u cross join span left join known k on k.refinery_id = u.refinery_id and k.unit_type = u.unit_type
        group by all
    """,
}
