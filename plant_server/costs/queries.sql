-- order --
SELECT number, good FROM plant.work_order WHERE work_order_id = %(work_order_id)s;

-- material --
-- What was used and not taken back, at the price that held when it was used: a person's before the ERP's.
SELECT item.code, consumption.unit, price, system, sum(consumption.required) AS quantity
FROM plant.consumption
JOIN plant.item USING (item_id)
LEFT JOIN LATERAL (
    SELECT price, nullif(system, '') AS system
    FROM (
        (SELECT price, system FROM plant.cost_rate
         WHERE kind = 'material' AND cost_rate.code = item.code AND system = '' AND from_time <= consumption.event_time
         ORDER BY from_time DESC LIMIT 1)
        UNION ALL
        (SELECT price, system FROM plant.cost_rate
         WHERE kind = 'material' AND cost_rate.code = item.code AND system <> '' AND from_time <= consumption.event_time
         ORDER BY from_time DESC LIMIT 1)
    ) AS held
    WHERE price IS NOT NULL
    ORDER BY held.system LIMIT 1
) AS rate ON true
WHERE work_order_id = %(work_order_id)s AND reversed_by IS NULL
GROUP BY item.code, consumption.unit, price, system
ORDER BY item.code, price, system;

-- labor --
-- A person's own price before everybody's; at the price that held when the work began.
SELECT coalesce(known.personnel_number, labor.person) AS code, price, labor.from_time, labor.to_time
FROM plant.labor
JOIN plant.run USING (run_id)
LEFT JOIN plant.person AS known ON 'person:' || known.person_id = labor.person
LEFT JOIN LATERAL (
    SELECT price FROM plant.cost_rate
    WHERE kind = 'labor' AND cost_rate.code IN ('', coalesce(known.personnel_number, labor.person))
      AND cost_rate.from_time <= labor.from_time
    ORDER BY cost_rate.code DESC, cost_rate.from_time DESC LIMIT 1
) AS rate ON true
WHERE run.work_order_id = %(work_order_id)s AND labor.to_time IS NOT NULL
ORDER BY code, labor.from_time;

-- runs --
-- At the price of the machine that held when the run began; null: it still runs.
SELECT run_id, equipment.path, price, run.from_time, run.to_time
FROM plant.run
JOIN plant.equipment USING (equipment_id)
LEFT JOIN LATERAL (
    SELECT price FROM plant.cost_rate
    WHERE kind = 'machine' AND cost_rate.code = equipment.path AND cost_rate.from_time <= run.from_time
    ORDER BY cost_rate.from_time DESC LIMIT 1
) AS rate ON true
WHERE work_order_id = %(work_order_id)s
ORDER BY run_id;

-- tariffs --
SELECT from_time, time_zone, starts, name, price_per_kwh
FROM plant.energy_tariff JOIN plant.energy_tariff_window USING (from_time)
ORDER BY from_time, starts;

-- rates --
-- Those that hold, or will.
SELECT kind, code, from_time, price, nullif(system, '') AS system FROM plant.cost_rate AS rate
WHERE NOT EXISTS (
    SELECT FROM plant.cost_rate AS later
    WHERE later.kind = rate.kind AND later.code = rate.code AND later.system = rate.system
      AND later.from_time > rate.from_time AND later.from_time <= now()
)
ORDER BY kind, code, rate.system, from_time;

-- item --
SELECT item_id, unit FROM plant.item WHERE code = %(code)s;

-- is_station --
SELECT EXISTS (SELECT FROM plant.equipment WHERE path = %(code)s) AS known;

-- lock --
SELECT pg_advisory_xact_lock(hashtext('lineside.costs'));

-- last_rate --
SELECT max(from_time) FROM plant.cost_rate WHERE kind = %(kind)s AND code = %(code)s AND system = %(system)s;

-- held_rate --
-- What the same source said last.
SELECT kind, code, from_time, price, nullif(system, '') AS system FROM plant.cost_rate
WHERE kind = %(kind)s AND code = %(code)s AND system = %(system)s
ORDER BY from_time DESC LIMIT 1;

-- add_rate --
INSERT INTO plant.cost_rate (kind, code, system, from_time, price, event_id)
VALUES (%(kind)s, %(code)s, %(system)s, %(from_time)s, %(price)s, %(event_id)s);

-- last_tariff --
SELECT max(from_time) FROM plant.energy_tariff;

-- add_tariff --
INSERT INTO plant.energy_tariff (from_time, time_zone, event_id) VALUES (%(from_time)s, %(time_zone)s, %(event_id)s);

-- add_windows --
INSERT INTO plant.energy_tariff_window (from_time, starts, name, price_per_kwh)
SELECT %(from_time)s, made.starts, made.name, made.price
FROM unnest(%(starts)s::time[], %(names)s::text[], %(prices)s::numeric[]) AS made (starts, name, price);
