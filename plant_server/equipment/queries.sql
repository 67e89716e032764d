-- equipment --
SELECT equipment.equipment_id, equipment.path, equipment.name,
       coalesce(array_agg(proposal.device_id ORDER BY proposal.device_id) FILTER (WHERE proposal.state = 'accepted'), '{}')
           AS device_ids
FROM plant.equipment
LEFT JOIN plant.equipment_proposal AS proposal USING (equipment_id)
WHERE equipment.equipment_id > %(after)s AND (%(id)s::int IS NULL OR equipment.equipment_id = %(id)s)
GROUP BY equipment.equipment_id
ORDER BY equipment.equipment_id
LIMIT %(limit)s;

-- proposals --
SELECT proposal.proposal_id, proposal.device_id, edge.group_id AS "group", edge.node AS edge, device.name AS device,
       proposal.path, proposal.state, proposal.equipment_id, proposal.proposed_time, proposal.decided_time,
       proposal.decided_by
FROM plant.equipment_proposal AS proposal
JOIN plant.device USING (device_id)
JOIN plant.edge USING (edge_id)
WHERE proposal.proposal_id > %(after)s AND (%(id)s::int IS NULL OR proposal.proposal_id = %(id)s)
  AND (%(state)s::text IS NULL OR proposal.state = %(state)s)
ORDER BY proposal.proposal_id
LIMIT %(limit)s;

-- lock_proposal --
SELECT proposal_id, device_id, path, state, equipment_id FROM plant.equipment_proposal
WHERE proposal_id = %(proposal_id)s FOR UPDATE;

-- add_equipment --
-- A device whose path is equipment already serves it too: the meter of a press.
INSERT INTO plant.equipment (path, name) VALUES (%(path)s, %(name)s)
ON CONFLICT (path) DO UPDATE SET path = excluded.path
RETURNING equipment_id;

-- lock_equipment --
SELECT equipment_id, path, name FROM plant.equipment WHERE equipment_id = %(equipment_id)s FOR UPDATE;

-- decide_proposal --
UPDATE plant.equipment_proposal
SET state = %(state)s, equipment_id = %(equipment_id)s,
    decided_time = CASE WHEN %(state)s <> 'open' THEN now() END,
    decided_by = CASE WHEN %(state)s <> 'open' THEN %(actor)s END
WHERE proposal_id = %(proposal_id)s;

-- forget_equipment --
-- What an acceptance made and nothing refers to any more: no device, no run, no terminal.
DELETE FROM plant.equipment WHERE equipment_id = %(equipment_id)s
AND NOT EXISTS (SELECT FROM plant.equipment_proposal WHERE equipment_id = %(equipment_id)s)
AND NOT EXISTS (SELECT FROM plant.run WHERE equipment_id = %(equipment_id)s)
AND NOT EXISTS (SELECT FROM plant.chosen_counting_tag WHERE equipment_id = %(equipment_id)s)
AND NOT EXISTS (SELECT FROM plant.station WHERE equipment_id = %(equipment_id)s);

-- rename_equipment --
UPDATE plant.equipment SET path = coalesce(%(path)s, path), name = coalesce(%(name)s, name)
WHERE equipment_id = %(equipment_id)s;

-- tag_proposals --
SELECT proposal.proposal_id, proposal.tag_id, tag.device_id, device.name AS device, tag.name AS tag, proposal.proposed,
       (SELECT jsonb_object_agg(key, to_jsonb(tag) -> key) FROM jsonb_object_keys(proposal.proposed) AS key) AS present,
       proposal.state, proposal.proposed_time, proposal.decided_time, proposal.decided_by
FROM plant.tag_proposal AS proposal
JOIN plant.tag USING (tag_id)
JOIN plant.device USING (device_id)
WHERE proposal.proposal_id > %(after)s AND (%(id)s::int IS NULL OR proposal.proposal_id = %(id)s)
  AND (%(state)s::text IS NULL OR proposal.state = %(state)s)
ORDER BY proposal.proposal_id
LIMIT %(limit)s;

-- lock_tag_proposal --
SELECT proposal_id, tag_id, proposed, state FROM plant.tag_proposal WHERE proposal_id = %(proposal_id)s FOR UPDATE;

-- change_tag --
UPDATE plant.tag SET (datatype, role, unit, width, scale, counts, rate_max, vocabulary) = (
    SELECT new.datatype, new.role, new.unit, new.width, new.scale, new.counts, new.rate_max, new.vocabulary
    FROM jsonb_populate_record(tag, %(proposed)s::jsonb) AS new)
WHERE tag_id = %(tag_id)s;

-- decide_tag_proposal --
UPDATE plant.tag_proposal SET state = %(state)s, decided_time = now(), decided_by = %(actor)s
WHERE proposal_id = %(proposal_id)s;

-- mark_state_dirty --
-- Another role or vocabulary gives the stored samples another meaning: the device's states are made again from the
-- first sample that is still there.
INSERT INTO plant.dirty (tag_id, minute)
SELECT tag.tag_id, date_trunc('minute', first.ts)
FROM plant.tag AS changed
JOIN plant.tag ON tag.device_id = changed.device_id AND (tag.role = 'state' OR tag.tag_id = changed.tag_id)
CROSS JOIN LATERAL (
    SELECT least((SELECT min(ts) FROM plant.sample WHERE sample.tag_id = tag.tag_id),
                 (SELECT min(ts) FROM plant.text_sample WHERE text_sample.tag_id = tag.tag_id)) AS ts
) AS first
WHERE changed.tag_id = %(tag_id)s AND first.ts IS NOT NULL;
