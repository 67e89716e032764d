-- station --
-- A terminal by its name; without one, the equipment of that name or path, as in a demo without enrolled terminals.
SELECT station.station_id, station.name, equipment.equipment_id, equipment.path, equipment.name AS equipment
FROM plant.station LEFT JOIN plant.equipment USING (equipment_id)
WHERE station.name = %(name)s
UNION ALL
SELECT NULL, equipment.name, equipment_id, path, equipment.name FROM plant.equipment
WHERE name = %(name)s OR path = %(name)s
ORDER BY station_id NULLS LAST, equipment_id
LIMIT 1;

-- stations --
-- Where one may go from the sign-in.
SELECT station.name, path FROM plant.station LEFT JOIN plant.equipment USING (equipment_id)
UNION
SELECT name, path FROM plant.equipment
WHERE EXISTS (SELECT FROM plant.equipment_proposal AS proposal JOIN plant.counting_tag USING (device_id)
              WHERE proposal.equipment_id = equipment.equipment_id AND proposal.state = 'accepted')
ORDER BY name LIMIT 100;

-- people_who_sign_in --
SELECT person_id, name, name_zh FROM plant.person WHERE active AND pin_hash IS NOT NULL ORDER BY name LIMIT 60;

-- running --
SELECT run_id, run.work_order_id, operation.operation_id, work_order.number, item.code AS item, item.name_en, item.name_zh,
       operation.name_en AS operation_en, operation.name_zh AS operation_zh, item_revision AS revision,
       work_order.quantity, work_order.unit, operation.good, operation.scrap, operation.rework, run.from_time,
       operation.cycle_time_s, run.count_source, work_order.state AS order_state, operation.state, work_order.due_time,
       greatest(operation.good - work_order.quantity, 0) AS over_run, operation.is_last,
       ARRAY(SELECT substr(person, 8)::int FROM plant.labor
             WHERE labor.run_id = run.run_id AND labor.to_time IS NULL AND person LIKE 'person:%%') AS people
FROM plant.run
JOIN plant.operation USING (operation_id)
JOIN plant.work_order ON work_order.work_order_id = run.work_order_id
JOIN plant.item USING (item_id)
WHERE run.equipment_id = %(equipment_id)s AND run.to_time IS NULL;

-- paused --
-- Begun at this station, and not going on now.
SELECT DISTINCT operation_id FROM plant.run JOIN plant.operation USING (operation_id)
WHERE run.equipment_id = %(equipment_id)s AND operation.state = 'paused';

-- counter --
-- The counter that says what the station makes: how far it is, and when it last said so.
SELECT tag_id, odometer.ts, odometer.total,
       edge.online AND coalesce(device.online, false)
       AND coalesce(edge.last_message > now() - make_interval(secs => edge.contact_lost_s), false) AS online
FROM plant.counting_tag
JOIN plant.device USING (device_id)
JOIN plant.edge USING (edge_id)
LEFT JOIN plant.odometer USING (tag_id)
WHERE counting_tag.equipment_id = %(equipment_id)s
ORDER BY tag_id LIMIT 1;

-- machine --
SELECT device.device_id, state.state, state.from_ts
FROM plant.equipment_proposal AS proposal
JOIN plant.device USING (device_id)
JOIN plant.machine_state_interval AS state ON state.device_id = device.device_id AND state.to_ts IS NULL
WHERE proposal.equipment_id = %(equipment_id)s AND proposal.state = 'accepted'
ORDER BY state.from_ts DESC LIMIT 1;

-- runs_here --
-- The last that were here: whose counts may be that nobody owns.
SELECT run_id, number, run.from_time, run.to_time
FROM plant.run JOIN plant.work_order USING (work_order_id)
WHERE run.equipment_id = %(equipment_id)s ORDER BY run.from_time DESC LIMIT 6;

-- reasons --
-- Leaves of a kind that can be chosen at the station.
SELECT code, name_en, name_zh, equipment FROM plant.reason
WHERE kind = %(kind)s AND is_active AND code <> ALL (%(given)s)
  AND NOT EXISTS (SELECT FROM plant.reason AS below WHERE below.parent_id = reason.reason_id AND below.is_active)
  AND (equipment = '{}' OR EXISTS (SELECT FROM unnest(equipment) AS above
                                   WHERE above = %(path)s OR starts_with(%(path)s, above || '/')))
ORDER BY reason_id LIMIT 24;

-- waivers --
-- Asked for by somebody else, for an order that may run here.
SELECT waiver_id, work_order.number, item.code AS item, lot.lot, waiver.reasons, waiver.changes, waiver.note,
       asker.name AS name_en, coalesce(asker.name_zh, asker.name) AS name_zh, requested_by
FROM plant.waiver
JOIN plant.work_order USING (work_order_id)
JOIN plant.item ON item.item_id = waiver.item_id
JOIN plant.person AS asker ON asker.person_id = waiver.requested_by
LEFT JOIN plant.material_lot AS lot USING (lot_id)
WHERE waiver.state = 'requested'
ORDER BY waiver_id DESC LIMIT 5;

-- unassigned --
-- Of the span of the block `since`. Whole minutes, so that a page is not told each second that one more has passed. Stops of a device do not overlap, so the
-- last one that began before the span is the only one that can reach into it.
SELECT coalesce(floor(sum(extract(epoch FROM coalesce(piece.to_ts, now()) - greatest(piece.from_ts, span.from_ts))) / 60), 0)::int
       AS minutes
FROM (SELECT coalesce((SELECT from_ts FROM plant.shift WHERE is_stated AND to_ts BETWEEN now() - interval '24 h' AND now()
                       ORDER BY to_ts DESC LIMIT 1), now() - interval '12 h') AS from_ts) AS span
JOIN plant.device_place AS place ON place.equipment_id = %(equipment_id)s
JOIN plant.stop ON stop.device_id = place.device_id AND stop.from_ts >= coalesce(
    (SELECT max(earlier.from_ts) FROM plant.stop AS earlier
     WHERE earlier.device_id = place.device_id AND earlier.from_ts <= span.from_ts), span.from_ts)
JOIN plant.stop_piece AS piece USING (stop_id)
WHERE piece.reason IS NULL AND coalesce(piece.to_ts, now()) > span.from_ts
  AND extract(epoch FROM coalesce(stop.to_ts, now()) - stop.from_ts) >= micro_below_s;

-- since --
-- Stops are explained back to where the last shift began that has ended: what it left, the one that is on may still tell.
-- Where nobody stated shifts, 12 hours back.
SELECT coalesce((SELECT from_ts FROM plant.shift WHERE is_stated AND to_ts BETWEEN %(now)s - interval '24 h' AND %(now)s
                 ORDER BY to_ts DESC LIMIT 1), %(now)s - interval '12 h') AS from_ts;

-- unread --
SELECT hand_over_id FROM plant.hand_over WHERE equipment_id = %(equipment_id)s AND read_by IS NULL
ORDER BY hand_over_id DESC LIMIT %(limit)s;

-- line --
-- The stations at and below a path, each with its job, its machine's state and how old that is. While the edge is in
-- contact silence means that nothing changed, so what is shown is as new as its last message.
SELECT equipment.path, equipment.name, job.number, job.item, job.name_en, job.name_zh, job.good, job.target,
       coalesce(machine.state, 'unknown') AS state, machine.from_ts AS state_since,
       stop.from_ts AS stop_since, stop.name_en AS stop_en, stop.name_zh AS stop_zh,
       contact.online, CASE WHEN contact.online THEN contact.last_message ELSE coalesce(contact.last_ts, contact.last_message) END AS as_of
FROM plant.equipment
CROSS JOIN LATERAL (
    SELECT coalesce(bool_or(edge.online AND coalesce(device.online, false) AND coalesce(
               edge.last_message > now() - make_interval(secs => edge.contact_lost_s), false)), false) AS online,
           max(edge.last_message) AS last_message, max(odometer.ts) AS last_ts, count(*) AS devices
    FROM plant.equipment_proposal AS proposal
    JOIN plant.device USING (device_id)
    JOIN plant.edge USING (edge_id)
    LEFT JOIN plant.counting_tag ON counting_tag.device_id = device.device_id
    LEFT JOIN plant.odometer ON odometer.tag_id = counting_tag.tag_id
    WHERE proposal.equipment_id = equipment.equipment_id AND proposal.state = 'accepted') AS contact
LEFT JOIN LATERAL (
    SELECT state.device_id, state.state, state.from_ts
    FROM plant.equipment_proposal AS proposal
    JOIN plant.machine_state_interval AS state ON state.device_id = proposal.device_id AND state.to_ts IS NULL
    WHERE proposal.equipment_id = equipment.equipment_id AND proposal.state = 'accepted'
    ORDER BY state.from_ts DESC LIMIT 1) AS machine ON true
LEFT JOIN LATERAL (
    SELECT stop.from_ts, reason.name_en, reason.name_zh
    FROM plant.stop
    JOIN plant.stop_piece AS piece ON piece.stop_id = stop.stop_id AND piece.to_ts IS NULL
    LEFT JOIN plant.reason ON reason.kind = 'stop' AND reason.code = piece.reason
    WHERE stop.device_id = machine.device_id AND stop.to_ts IS NULL
    ORDER BY stop.from_ts DESC LIMIT 1) AS stop ON true
LEFT JOIN LATERAL (
    SELECT work_order.number, item.code AS item, item.name_en, item.name_zh, operation.good, work_order.quantity AS target
    FROM plant.run
    JOIN plant.operation USING (operation_id)
    JOIN plant.work_order ON work_order.work_order_id = run.work_order_id
    JOIN plant.item USING (item_id)
    WHERE run.equipment_id = equipment.equipment_id AND run.to_time IS NULL) AS job ON true
WHERE (equipment.path = %(path)s OR starts_with(equipment.path, %(path)s || '/')) AND contact.devices > 0
ORDER BY equipment.path LIMIT %(limit)s;
