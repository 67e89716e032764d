-- run --
SELECT run.run_id, run.work_order_id, work_order.number AS "order", operation.position AS operation, equipment.path,
       run.from_time, run.to_time, run.count_source, booked_made, booked_scrap, booked_rejected, booked_setup, entered_good,
       entered_scrap, entered_rework, among_rejects
FROM plant.run
JOIN plant.operation USING (operation_id)
JOIN plant.equipment USING (equipment_id)
JOIN plant.work_order ON work_order.work_order_id = run.work_order_id
WHERE run_id = %(run_id)s;

-- runs_of_order --
SELECT run_id FROM plant.run WHERE work_order_id = %(work_order_id)s ORDER BY run_id;

-- work_order --
SELECT number, good FROM plant.work_order WHERE work_order_id = %(work_order_id)s;

-- lock_order_of_run --
SELECT work_order_id FROM plant.work_order
WHERE work_order_id = (SELECT work_order_id FROM plant.run WHERE run_id = %(run_id)s) FOR NO KEY UPDATE;

-- told --
SELECT energy_wh, meters, told_time FROM plant.run_energy WHERE run_id = %(run_id)s;

-- told_meters --
SELECT tag_id, energy_wh FROM plant.run_meter_energy WHERE run_id = %(run_id)s ORDER BY tag_id;

-- meters_for --
SELECT meter.tag_id, meter.serves, odometer.ts AS read_time
FROM plant.meters_for(%(path)s) AS meter LEFT JOIN plant.odometer USING (tag_id)
ORDER BY meter.tag_id;

-- keys --
SELECT tag_id, from_time, whole,
       ARRAY(SELECT path FROM plant.energy_share AS share
             WHERE share.tag_id = energy_key.tag_id AND share.from_time = energy_key.from_time ORDER BY path) AS paths,
       ARRAY(SELECT weight FROM plant.energy_share AS share
             WHERE share.tag_id = energy_key.tag_id AND share.from_time = energy_key.from_time ORDER BY path) AS weights
FROM plant.energy_key WHERE tag_id = ANY (%(tag_ids)s) ORDER BY tag_id, from_time;

-- totals --
-- At the last reading not later than each time; before the first one nothing was counted.
SELECT tag.tag_id, wanted.moment, coalesce(found.total, 0) AS total
FROM unnest(%(tag_ids)s::int[]) AS tag (tag_id)
CROSS JOIN unnest(%(moments)s::timestamptz[]) AS wanted (moment)
LEFT JOIN LATERAL (
    SELECT total FROM plant.odometer_log
    WHERE odometer_log.tag_id = tag.tag_id AND ts <= wanted.moment
    ORDER BY ts DESC, total DESC LIMIT 1
) AS found ON true;

-- runs_to_tell --
-- Ended, not told, and every meter that has a say was read after the end: what belongs to the run is known.
SELECT run_id FROM plant.energy_to_tell JOIN plant.run USING (run_id) JOIN plant.equipment USING (equipment_id)
WHERE NOT EXISTS (SELECT FROM plant.run_energy WHERE run_energy.run_id = run.run_id)
  AND NOT EXISTS (SELECT FROM plant.meters_for(equipment.path) AS meter LEFT JOIN plant.odometer USING (tag_id)
                  WHERE odometer.ts IS NULL OR odometer.ts <= run.to_time)
ORDER BY run_id LIMIT %(limit)s;

-- keep_run_energy --
INSERT INTO plant.run_energy (run_id, energy_wh, meters, event_id)
VALUES (%(run_id)s, %(energy_wh)s, %(meters)s, %(event_id)s);

-- is_told --
DELETE FROM plant.energy_to_tell WHERE run_id = %(run_id)s;

-- keep_meter_energy --
INSERT INTO plant.run_meter_energy (run_id, tag_id, energy_wh)
SELECT %(run_id)s, made.tag_id, made.energy_wh
FROM unnest(%(tag_ids)s::int[], %(energies)s::numeric[]) AS made (tag_id, energy_wh);

-- meters --
SELECT meter.tag_id, meter.device, meter.tag, meter.path, odometer.total AS total_wh, odometer.ts AS read_time
FROM plant.energy_meter AS meter LEFT JOIN plant.odometer USING (tag_id)
WHERE (%(tag_id)s::int IS NULL OR meter.tag_id = %(tag_id)s)
  AND (%(path)s::text IS NULL OR meter.path = %(path)s OR starts_with(meter.path, %(path)s || '/'))
ORDER BY meter.path, meter.tag_id LIMIT %(limit)s;

-- meter_device --
SELECT device_id FROM plant.tag WHERE tag_id = %(tag_id)s AND role = 'meter' AND unit = 'Wh';

-- choose_meter --
INSERT INTO plant.chosen_energy_meter (device_id, tag_id, path) VALUES (%(device_id)s, %(tag_id)s, %(path)s)
ON CONFLICT (device_id) DO UPDATE SET tag_id = excluded.tag_id, path = excluded.path;

-- lock_meter --
SELECT pg_advisory_xact_lock(hashtext('lineside.energy_key'), %(tag_id)s);

-- last_key --
SELECT max(from_time) FROM plant.energy_key WHERE tag_id = %(tag_id)s;

-- add_key --
INSERT INTO plant.energy_key (tag_id, from_time, whole, basis, event_id)
VALUES (%(tag_id)s, %(from_time)s, %(whole)s, %(basis)s, %(event_id)s);

-- add_shares --
INSERT INTO plant.energy_share (tag_id, from_time, path, weight)
SELECT %(tag_id)s, %(from_time)s, made.path, made.weight
FROM unnest(%(paths)s::text[], %(weights)s::numeric[]) AS made (path, weight);

-- current_key --
SELECT from_time, whole, basis FROM plant.energy_key
WHERE tag_id = %(tag_id)s ORDER BY from_time DESC LIMIT 1;

-- shares --
SELECT path, weight FROM plant.energy_share WHERE tag_id = %(tag_id)s AND from_time = %(from_time)s ORDER BY path;

-- places_of_meter --
-- The nodes that may have a stake in a meter: those that its keys name, and the stations that it may serve.
SELECT path FROM plant.energy_share WHERE tag_id = %(tag_id)s
UNION
SELECT path FROM plant.equipment
WHERE EXISTS (SELECT FROM plant.meters_for(equipment.path) AS meter WHERE meter.tag_id = %(tag_id)s AND meter.serves)
  AND EXISTS (SELECT FROM plant.run WHERE run.equipment_id = equipment.equipment_id)
ORDER BY path;

-- runs_at --
SELECT run_id, work_order.number AS "order", greatest(from_time, %(from_time)s) AS from_time,
       least(coalesce(to_time, %(to_time)s), %(to_time)s) AS to_time
FROM plant.run
JOIN plant.equipment USING (equipment_id)
JOIN plant.work_order ON work_order.work_order_id = run.work_order_id
WHERE equipment.path = %(path)s AND from_time < %(to_time)s AND (to_time IS NULL OR to_time > %(from_time)s)
ORDER BY run.from_time, run_id;
