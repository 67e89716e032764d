-- waiting --
-- Runs that ended a while ago and cannot be told, each with the meters that nobody has read since.
SELECT run_id, run.work_order_id, work_order.number AS "order", operation.position AS operation, equipment.path, run.to_time,
       jsonb_agg(jsonb_build_object('tag_id', meter.tag_id, 'device', device.name, 'tag', tag.name, 'read_time', odometer.ts)
                 ORDER BY meter.tag_id) AS meters
FROM plant.energy_to_tell
JOIN plant.run USING (run_id)
JOIN plant.operation USING (operation_id)
JOIN plant.equipment USING (equipment_id)
JOIN plant.work_order ON work_order.work_order_id = run.work_order_id
CROSS JOIN LATERAL plant.meters_for(equipment.path) AS meter
JOIN plant.tag ON tag.tag_id = meter.tag_id
JOIN plant.device USING (device_id)
LEFT JOIN plant.odometer ON odometer.tag_id = meter.tag_id
WHERE run_id > %(after)s AND run.to_time < now() - make_interval(secs => %(late_s)s)
  AND (odometer.ts IS NULL OR odometer.ts <= run.to_time)
  AND NOT EXISTS (SELECT FROM plant.run_energy WHERE run_energy.run_id = energy_to_tell.run_id)
GROUP BY run_id, run.work_order_id, work_order.number, operation.position, equipment.path, run.to_time
ORDER BY run_id LIMIT %(limit)s;

-- raise_alarms --
INSERT INTO plant.alarm (kind, subject, detail)
SELECT 'energy_waits', one.subject, one.detail FROM unnest(%(subjects)s::text[], %(details)s::text[]) AS one (subject, detail)
ON CONFLICT (kind, subject) WHERE cleared_time IS NULL DO NOTHING;

-- clear_alarms --
UPDATE plant.alarm SET cleared_time = now()
WHERE kind = 'energy_waits' AND cleared_time IS NULL AND subject <> ALL (%(subjects)s);
