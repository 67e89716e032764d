-- machine --
-- A device by id, or by its path or the path of the equipment it was accepted as. Several devices may serve one
-- machine (its meter has the same path): the one that tells a state is meant.
SELECT device.device_id, device.name, coalesce(equipment.path, device.path) AS path,
       edge.online AND coalesce(device.online, false) AS online, edge.last_message, edge.contact_lost_s,
       extract(epoch FROM now() - edge.last_message)::float8 AS last_message_age_s,
       EXISTS (SELECT FROM plant.tag WHERE tag.device_id = device.device_id AND tag.role = 'state') AS tells_state
FROM plant.device
JOIN plant.edge USING (edge_id)
LEFT JOIN plant.equipment_proposal AS proposal ON proposal.device_id = device.device_id AND proposal.state = 'accepted'
LEFT JOIN plant.equipment ON equipment.equipment_id = proposal.equipment_id
WHERE device.device_id = %(device_id)s OR device.path = %(path)s OR equipment.path = %(path)s
ORDER BY device.device_id;

-- present_state --
SELECT state, from_ts FROM plant.machine_state_interval
WHERE device_id = %(device_id)s AND to_ts IS NULL
ORDER BY from_ts DESC LIMIT 1;

-- intervals --
-- Without an end the span reaches into the present, and the present state has none either.
SELECT state, greatest(from_ts, %(from_ts)s) AS from_ts, least(to_ts, %(to_ts)s::timestamptz) AS to_ts
FROM plant.machine_state_interval
WHERE device_id = %(device_id)s AND from_ts < coalesce(%(to_ts)s::timestamptz, 'infinity')
  AND (to_ts IS NULL OR to_ts > %(from_ts)s)
ORDER BY from_ts
LIMIT %(limit)s;
