-- devices --
SELECT device.device_id, edge.group_id AS "group", edge.node AS edge, device.name, device.path,
       proposal.equipment_id, edge.online AND coalesce(device.online, false) AS online, edge.last_message, edge.contact_lost_s,
       extract(epoch FROM now() - edge.last_message)::float8 AS last_message_age_s,
       state.state AS machine_state, state.from_ts AS machine_state_since
FROM plant.device
JOIN plant.edge USING (edge_id)
LEFT JOIN plant.equipment_proposal AS proposal ON proposal.device_id = device.device_id AND proposal.state = 'accepted'
LEFT JOIN LATERAL (
    SELECT interval_.state, interval_.from_ts FROM plant.machine_state_interval AS interval_
    WHERE interval_.device_id = device.device_id AND interval_.to_ts IS NULL
    ORDER BY interval_.from_ts DESC LIMIT 1
) AS state ON true
WHERE device.device_id > %(after)s
ORDER BY device.device_id
LIMIT %(limit)s;

-- tags --
SELECT tag.tag_id, tag.device_id, tag.name, tag.role, tag.unit, tag.datatype, tag.counts, tag.vocabulary,
       last_value.ts, last_value.value, last_value.text, last_value.quality, last_value.received_time
FROM plant.tag
LEFT JOIN plant.last_value USING (tag_id)
WHERE tag.tag_id > %(after)s AND (%(device)s::int IS NULL OR tag.device_id = %(device)s)
ORDER BY tag.tag_id
LIMIT %(limit)s;

-- tag --
SELECT tag_id, device_id, name, role, unit, datatype FROM plant.tag WHERE tag_id = %(tag)s;

-- device_exists --
SELECT EXISTS (SELECT FROM plant.device WHERE device_id = %(device)s);

-- number_samples --
-- Several samples may share one instant (two epochs of an edge); `skip` of them were on the page before.
SELECT ts, value, NULL::text AS text, quality FROM plant.sample
WHERE tag_id = %(tag)s AND ts >= %(from_ts)s AND ts < %(to_ts)s
ORDER BY ts, value
OFFSET %(skip)s LIMIT %(limit)s;

-- text_samples --
SELECT ts, NULL::float8 AS value, value AS text, quality FROM plant.text_sample
WHERE tag_id = %(tag)s AND ts >= %(from_ts)s AND ts < %(to_ts)s
ORDER BY ts, value
OFFSET %(skip)s LIMIT %(limit)s;

-- odometers --
SELECT odometer.tag_id, tag.device_id, device.name AS device, device.path, tag.name AS tag, tag.role, tag.counts,
       tag.unit, odometer.total, odometer.ts
FROM plant.odometer
JOIN plant.tag USING (tag_id)
JOIN plant.device USING (device_id)
WHERE odometer.tag_id > %(after)s AND (%(device)s::int IS NULL OR tag.device_id = %(device)s)
ORDER BY odometer.tag_id
LIMIT %(limit)s;

-- cases --
SELECT case_id, case_.tag_id, device.name AS device, tag.name AS tag, tag.unit, case_.kind, case_.state,
       case_.from_ts, case_.to_ts, case_.from_value, case_.to_value, case_.at_least, case_.at_most, case_.believed,
       case_.detail, case_.opened_time, case_.settled_time
FROM plant.odometer_case AS case_
JOIN plant.tag ON tag.tag_id = case_.tag_id
JOIN plant.device ON device.device_id = tag.device_id
WHERE case_id < %(before)s AND (%(state)s::text IS NULL OR case_.state = %(state)s)
ORDER BY case_id DESC
LIMIT %(limit)s;

-- gaps --
SELECT gap_id, edge.group_id AS "group", edge.node AS edge, gap.epoch, gap.first, gap.last, gap.reason, gap.device,
       gap.tag, gap.from_ts, gap.to_ts, gap.count, gap.stored_time
FROM plant.gap
JOIN plant.edge USING (edge_id)
WHERE gap_id < %(before)s
ORDER BY gap_id DESC
LIMIT %(limit)s;

-- quarantine --
SELECT quarantine_id, edge.group_id AS "group", edge.node AS edge, kept.topic, length(kept.payload) AS payload_bytes,
       kept.reason, kept.detail, kept.epoch, kept.first, kept.last, kept.received_time
FROM plant.quarantine AS kept
LEFT JOIN plant.edge USING (edge_id)
WHERE quarantine_id < %(before)s
ORDER BY quarantine_id DESC
LIMIT %(limit)s;

-- health --
SELECT max(moved_time) AS last_commit, extract(epoch FROM now() - max(moved_time))::float8 AS last_commit_age_s
FROM plant.edge_cursor;

-- live_values --
SELECT tag.device_id, tag_id, last_value.ts, last_value.value, last_value.text, last_value.quality,
       last_value.received_time
FROM plant.last_value
JOIN plant.tag USING (tag_id)
WHERE %(since)s::timestamptz IS NULL OR last_value.received_time >= %(since)s;
