-- find_edge --
SELECT edge_id FROM plant.edge WHERE group_id = %(group)s AND node = %(node)s

-- add_edge --
INSERT INTO plant.edge (group_id, node) VALUES (%(group)s, %(node)s)
ON CONFLICT (group_id, node) DO UPDATE SET node = EXCLUDED.node
RETURNING edge_id

-- all_offline --
-- A host that was away saw no deaths: nothing is online until it is born again. Group `+` stands for all.
WITH gone AS (
    UPDATE plant.edge SET online = false
    WHERE (group_id = ANY (%(groups)s) OR '+' = ANY (%(groups)s))
    RETURNING edge_id
)
UPDATE plant.device SET online = false, offline_time = now() FROM gone WHERE device.edge_id = gone.edge_id AND device.online

-- node_born --
WITH edge AS (UPDATE plant.edge SET online = true, bd_seq = %(bd_seq)s, contact_lost_s = %(contact_lost_s)s
              WHERE edge_id = %(edge_id)s)
UPDATE plant.device SET online = false, offline_time = now() WHERE edge_id = %(edge_id)s AND online

-- node_died --
-- Only the will of the present session counts; a session without bdSeq (third party) takes any.
WITH edge AS (
    UPDATE plant.edge SET online = false
    WHERE edge_id = %(edge_id)s AND (bd_seq IS NULL OR bd_seq = %(bd_seq)s)
    RETURNING edge_id
)
UPDATE plant.device SET online = false, offline_time = now() FROM edge WHERE device.edge_id = edge.edge_id AND device.online

-- device_died --
UPDATE plant.device SET online = false, offline_time = coalesce(%(time)s, now())
WHERE edge_id = %(edge_id)s AND name = %(device)s

-- find_device --
SELECT device_id FROM plant.device WHERE edge_id = %(edge_id)s AND name = %(device)s

-- add_device --
INSERT INTO plant.device (edge_id, name) VALUES (%(edge_id)s, %(device)s)
ON CONFLICT (edge_id, name) DO UPDATE SET name = EXCLUDED.name
RETURNING device_id

-- device_born --
UPDATE plant.device SET online = true, offline_time = NULL, path = coalesce(%(path)s, path) WHERE device_id = %(device_id)s

-- propose_equipment --
-- A device that says another path than it did is proposed anew; the same path again changes nothing.
INSERT INTO plant.equipment_proposal (device_id, path) VALUES (%(device_id)s, %(path)s)
ON CONFLICT (device_id) DO UPDATE
SET path = EXCLUDED.path, state = 'open', equipment_id = NULL, proposed_time = now(), decided_time = NULL, decided_by = NULL
WHERE equipment_proposal.path IS DISTINCT FROM EXCLUDED.path

-- accept_equipment --
-- Leaves the Event that a person's acceptance would leave (events/execute.py), and none when nothing was open. Its body
-- is empty: nobody asked. The hash is that of no request anybody can send.
WITH open AS (
    SELECT path FROM plant.equipment_proposal WHERE device_id = %(device_id)s AND state = 'open'
), place AS (
    INSERT INTO plant.equipment (path, name)
    SELECT path, regexp_replace(path, '^.*/', '') FROM open
    ON CONFLICT (path) DO UPDATE SET path = EXCLUDED.path
    RETURNING equipment_id
), accepted AS (
    UPDATE plant.equipment_proposal
    SET state = 'accepted', equipment_id = place.equipment_id, decided_time = now(), decided_by = 'ingest'
    FROM place WHERE device_id = %(device_id)s
    RETURNING jsonb_build_object('proposal_id', proposal_id, 'device_id', device_id, 'path', path, 'state', state,
                                 'equipment_id', equipment_proposal.equipment_id) AS proposal
), told AS (
    INSERT INTO plant.event (event_id, kind, actor, request_hash, body, facts, status, answer, event_time)
    SELECT gen_random_uuid(), 'equipment.accept', 'ingest', sha256(convert_to('["ingest",{}]', 'UTF8')), '{}',
           jsonb_build_object('equipment_proposal', jsonb_build_object(
               'before', proposal || '{"state": "open", "equipment_id": null}', 'after', proposal)),
           200, '{}', now()
    FROM accepted
    RETURNING event_id, recorded_time
)
INSERT INTO plant.unsealed (recorded_time, event_id) SELECT recorded_time, event_id FROM told

-- tags_of_device --
SELECT name, tag_id, datatype, role, unit, width, scale, counts, rate_max, vocabulary
FROM plant.tag WHERE device_id = %(device_id)s

-- add_tags --
INSERT INTO plant.tag (device_id, name, datatype, role, unit, width, scale, counts, rate_max, vocabulary)
SELECT %(device_id)s, * FROM unnest(
    %(names)s::text[], %(datatypes)s::smallint[], %(roles)s::text[], %(units)s::text[], %(widths)s::smallint[],
    %(scales)s::bigint[], %(counts)s::text[], %(rates)s::float8[], %(vocabularies)s::text[])

-- propose_tags --
-- What a person has rejected is not proposed again.
INSERT INTO plant.tag_proposal (tag_id, proposed)
SELECT tag_id, proposed::jsonb FROM unnest(%(tag_ids)s::integer[], %(proposed)s::text[]) AS new (tag_id, proposed)
WHERE NOT EXISTS (
    SELECT FROM plant.tag_proposal AS old
    WHERE old.tag_id = new.tag_id AND old.state = 'rejected' AND old.proposed = new.proposed::jsonb)
ON CONFLICT (tag_id) WHERE state = 'open' DO UPDATE
SET proposed = EXCLUDED.proposed, proposed_time = now()
WHERE tag_proposal.proposed IS DISTINCT FROM EXCLUDED.proposed

-- withdraw_tag_proposals --
-- The edge says again what the tag means, so there is nothing to decide.
DELETE FROM plant.tag_proposal WHERE state = 'open' AND tag_id = ANY (%(tag_ids)s)

-- last_decision --
SELECT max(decided_time) FROM plant.tag_proposal WHERE state = 'accepted'

-- counted_tags --
-- Counters and meters of an edge, a device or a single tag; null stands for all.
SELECT tag_id FROM plant.tag JOIN plant.device USING (device_id)
WHERE edge_id = %(edge_id)s AND role IN ('counter', 'meter')
  AND (%(device)s::text IS NULL OR device.name = %(device)s) AND (%(tag)s::text IS NULL OR tag.name = %(tag)s)

-- new_cursors --
INSERT INTO plant.edge_cursor (edge_id, epoch)
SELECT * FROM unnest(%(edge_ids)s::integer[], %(epochs)s::uuid[])
ON CONFLICT DO NOTHING

-- lock_cursors --
-- First statement of the ingest transaction. A newer epoch that has committed already means two files at once.
SELECT edge_cursor.edge_id, edge_cursor.epoch, committed, EXISTS (
    SELECT FROM plant.edge_cursor AS newer
    WHERE newer.edge_id = edge_cursor.edge_id AND newer.started_time > edge_cursor.started_time AND newer.committed > 0)
FROM plant.edge_cursor
JOIN unnest(%(edge_ids)s::integer[], %(epochs)s::uuid[]) AS wanted (edge_id, epoch) USING (edge_id, epoch)
ORDER BY edge_cursor.edge_id, edge_cursor.epoch
FOR UPDATE OF edge_cursor

-- read_cursor --
SELECT committed FROM plant.edge_cursor WHERE edge_id = %(edge_id)s AND epoch = %(epoch)s

-- advance_cursors --
-- Last statement of the ingest transaction; lock_cursors was its first, and entries it already had were skipped.
UPDATE plant.edge_cursor SET committed = moved.last, moved_time = now()
FROM unnest(%(edge_ids)s::integer[], %(epochs)s::uuid[], %(befores)s::bigint[], %(lasts)s::bigint[])
    AS moved (edge_id, epoch, before, last)
WHERE edge_cursor.edge_id = moved.edge_id AND edge_cursor.epoch = moved.epoch
  AND edge_cursor.committed = moved.before AND moved.last > moved.before

-- log_commits --
INSERT INTO plant.commit_log (edge_id, epoch, first, last, samples, oldest, newest)
SELECT * FROM unnest(
    %(edge_ids)s::integer[], %(epochs)s::uuid[], %(firsts)s::bigint[], %(lasts)s::bigint[], %(samples)s::integer[],
    %(oldest)s::timestamptz[], %(newest)s::timestamptz[])

-- copy_samples --
COPY plant.sample (ts, value, tag_id, quality) FROM STDIN (FORMAT BINARY)

-- copy_text_samples --
COPY plant.text_sample (ts, tag_id, quality, value) FROM STDIN (FORMAT BINARY)

-- copy_dirty --
COPY plant.dirty (tag_id, minute) FROM STDIN (FORMAT BINARY)

-- ensure_partition --
SELECT plant.ensure_sample_partition(%(day)s)

-- quarantine_samples --
INSERT INTO plant.sample_quarantine (ts, time_ms, value, text, tag_id, quality, reason)
SELECT * FROM unnest(
    %(ts)s::timestamptz[], %(times_ms)s::numeric[], %(values)s::float8[], %(texts)s::text[], %(tag_ids)s::integer[],
    %(qualities)s::smallint[], %(reasons)s::text[])

-- quarantine --
INSERT INTO plant.quarantine (edge_id, topic, payload, reason, detail, epoch, first, last)
VALUES (%(edge_id)s, %(topic)s, %(payload)s, %(reason)s, %(detail)s, %(epoch)s, %(first)s, %(last)s)

-- live_values --
-- Births, transient values, third-party nodes: in the order of their arrival.
INSERT INTO plant.last_value (tag_id, ts, value, text, quality, is_live)
SELECT tag_id, ts, nullif(value, 'NaN'), text, quality, true FROM unnest(
    %(tag_ids)s::integer[], %(ts)s::timestamptz[], %(values)s::float8[], %(texts)s::text[], %(qualities)s::smallint[])
    AS new (tag_id, ts, value, text, quality)
ON CONFLICT (tag_id) DO UPDATE
SET ts = EXCLUDED.ts, value = EXCLUDED.value, text = EXCLUDED.text, quality = EXCLUDED.quality, is_live = true,
    received_time = now()

-- stored_values --
-- In the order of the entries, not of time; only a live value that is newer stays.
INSERT INTO plant.last_value (tag_id, ts, value, text, quality, is_live)
SELECT tag_id, ts, nullif(value, 'NaN'), text, quality, false FROM unnest(
    %(tag_ids)s::integer[], %(ts)s::timestamptz[], %(values)s::float8[], %(texts)s::text[], %(qualities)s::smallint[])
    AS new (tag_id, ts, value, text, quality)
ON CONFLICT (tag_id) DO UPDATE
SET ts = EXCLUDED.ts, value = EXCLUDED.value, text = EXCLUDED.text, quality = EXCLUDED.quality, is_live = false,
    received_time = now()
WHERE NOT (last_value.is_live AND last_value.ts > EXCLUDED.ts)

-- lock_odometers --
SELECT tag_id, state, epoch, is_broken FROM plant.odometer WHERE tag_id = ANY (%(tag_ids)s) ORDER BY tag_id FOR UPDATE

-- lock_doubtful_odometers --
SELECT tag_id, state, tag.width, tag.scale, tag.rate_max FROM plant.odometer JOIN plant.tag USING (tag_id)
WHERE state ->> 'doubt' IS NOT NULL ORDER BY tag_id FOR UPDATE OF odometer

-- counter_limits --
SELECT tag_id, width, scale, rate_max FROM plant.tag
WHERE tag_id = ANY (%(tag_ids)s) AND width IS NOT NULL AND rate_max IS NOT NULL ORDER BY tag_id

-- save_odometers --
INSERT INTO plant.odometer (tag_id, total, ts, state, epoch, is_broken)
SELECT tag_id, total, ts, state::jsonb, epoch, is_broken FROM unnest(
    %(tag_ids)s::integer[], %(totals)s::numeric[], %(ts)s::timestamptz[], %(states)s::text[], %(epochs)s::uuid[],
    %(broken)s::boolean[]) AS new (tag_id, total, ts, state, epoch, is_broken)
ON CONFLICT (tag_id) DO UPDATE
SET total = EXCLUDED.total, ts = coalesce(EXCLUDED.ts, odometer.ts), state = EXCLUDED.state, epoch = EXCLUDED.epoch,
    is_broken = EXCLUDED.is_broken

-- save_doubt --
UPDATE plant.odometer SET state = %(state)s::jsonb WHERE tag_id = %(tag_id)s

-- log_odometers --
INSERT INTO plant.odometer_log (tag_id, ts, total)
SELECT * FROM unnest(%(tag_ids)s::integer[], %(ts)s::timestamptz[], %(totals)s::bigint[])

-- save_case --
INSERT INTO plant.odometer_case (tag_id, number, kind, from_ts, to_ts, from_value, to_value, at_least, at_most, believed,
    state, settled_time)
VALUES (%(tag_id)s, %(number)s, %(kind)s, %(from_ts)s, %(to_ts)s, %(from_value)s, %(to_value)s, %(at_least)s,
    %(at_most)s, %(believed)s, %(state)s, CASE WHEN %(state)s = 'settled' THEN now() END)
ON CONFLICT (tag_id, number) DO UPDATE
SET kind = EXCLUDED.kind, from_ts = EXCLUDED.from_ts, to_ts = EXCLUDED.to_ts, from_value = EXCLUDED.from_value,
    to_value = EXCLUDED.to_value, at_least = EXCLUDED.at_least, at_most = EXCLUDED.at_most,
    believed = EXCLUDED.believed, state = EXCLUDED.state, settled_time = EXCLUDED.settled_time

-- raise_case_alarm --
INSERT INTO plant.alarm (kind, subject, detail)
SELECT 'odometer_case', concat_ws('/', group_id, node, device.name, tag.name), %(detail)s
FROM plant.tag JOIN plant.device USING (device_id) JOIN plant.edge USING (edge_id) WHERE tag_id = %(tag_id)s
ON CONFLICT (kind, subject) WHERE cleared_time IS NULL DO UPDATE SET detail = EXCLUDED.detail

-- clear_case_alarm --
UPDATE plant.alarm SET cleared_time = now()
FROM plant.tag JOIN plant.device USING (device_id) JOIN plant.edge USING (edge_id)
WHERE tag_id = %(tag_id)s AND kind = 'odometer_case' AND cleared_time IS NULL
  AND subject = concat_ws('/', group_id, node, device.name, tag.name)
  AND NOT EXISTS (SELECT FROM plant.odometer_case WHERE tag_id = %(tag_id)s AND state = 'open')

-- add_contact --
INSERT INTO plant.device_contact (device_id, ts, online) VALUES (%(device_id)s, %(ts)s, %(online)s)

-- add_gap --
INSERT INTO plant.gap (edge_id, epoch, first, last, reason, device, tag, from_ts, to_ts, count)
SELECT %(edge_id)s, %(epoch)s, %(first)s, %(last)s, %(reason)s, * FROM unnest(
    %(devices)s::text[], %(tags)s::text[], %(from)s::timestamptz[], %(to)s::timestamptz[], %(counts)s::bigint[])

-- edge_spools --
-- Births are written before the data that came with them: what is older than what is known changes nothing.
INSERT INTO plant.edge_spool (edge_id, waiting, oldest_age_s, used_bytes, bound_bytes, disk_free_bytes, received_time)
SELECT * FROM unnest(
    %(edge_ids)s::integer[], %(waiting)s::bigint[], %(ages)s::float8[], %(used)s::bigint[], %(bounds)s::bigint[],
    %(free)s::bigint[], %(received)s::timestamptz[])
ON CONFLICT (edge_id) DO UPDATE
SET waiting = EXCLUDED.waiting, oldest_age_s = EXCLUDED.oldest_age_s, used_bytes = EXCLUDED.used_bytes,
    bound_bytes = EXCLUDED.bound_bytes, disk_free_bytes = EXCLUDED.disk_free_bytes, received_time = EXCLUDED.received_time
WHERE edge_spool.received_time <= EXCLUDED.received_time

-- no_edge_spool --
DELETE FROM plant.edge_spool WHERE edge_id = %(edge_id)s

-- edge_seen --
UPDATE plant.edge SET last_message = seen.last_message, clock_skew_s = coalesce(seen.clock_skew_s, edge.clock_skew_s)
FROM unnest(%(edge_ids)s::integer[], %(last_messages)s::timestamptz[], %(skews)s::float8[])
    AS seen (edge_id, last_message, clock_skew_s)
WHERE edge.edge_id = seen.edge_id

-- raise_alarm --
INSERT INTO plant.alarm (kind, subject, detail) VALUES (%(kind)s, %(subject)s, %(detail)s)
ON CONFLICT (kind, subject) WHERE cleared_time IS NULL DO NOTHING

-- clear_alarm --
UPDATE plant.alarm SET cleared_time = now() WHERE kind = %(kind)s AND subject = %(subject)s AND cleared_time IS NULL

-- wake --
-- Carries nothing: whoever listens looks for itself.
SELECT pg_notify('plant_live', '')
