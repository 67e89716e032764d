-- take_marks --
-- First of two statements: what commits after it is seen by the projection and stays in the log, projected again.
DELETE FROM plant.stop_dirty WHERE ctid = ANY (ARRAY(SELECT ctid FROM plant.stop_dirty LIMIT %(limit)s))
RETURNING device_id, since;

-- lock_device --
-- Keeper and commands write the stops of a device one after another. Not its row: ingest writes that.
SELECT pg_advisory_xact_lock(hashtext('lineside.stops'), %(device_id)s);

-- window --
-- From the last interval before the change in which the machine did not stand, or further back if a stored stop reaches
-- over it: what lies before cannot be another.
SELECT least(
    coalesce((SELECT max(from_ts) FROM plant.machine_state_interval
              WHERE device_id = %(device_id)s AND from_ts < %(since)s AND NOT state = ANY (%(standing)s)),
             'epoch'),
    (SELECT min(from_ts) FROM plant.stop
     WHERE device_id = %(device_id)s AND (to_ts IS NULL OR to_ts >= %(since)s))) AS begin,
    plant.micro_below_s(coalesce((SELECT path FROM plant.device_place WHERE device_id = %(device_id)s), '')) AS micro_below_s;

-- intervals --
SELECT from_ts, state, to_ts FROM plant.machine_state_interval
WHERE device_id = %(device_id)s AND from_ts >= %(begin)s ORDER BY from_ts;

-- stops_since --
SELECT stop_id, from_ts, to_ts, micro_below_s, states FROM plant.stop
WHERE device_id = %(device_id)s AND (to_ts IS NULL OR to_ts > %(begin)s) ORDER BY from_ts;

-- words_since --
SELECT word_id, from_ts, to_ts, from_start, to_end, reason, actor, said_time FROM plant.stop_reason
WHERE device_id = %(device_id)s AND to_ts > %(begin)s ORDER BY word_id;

-- pieces_of --
SELECT stop_id, from_ts, to_ts, reason FROM plant.stop_piece WHERE stop_id = ANY (%(stop_ids)s) ORDER BY from_ts;

-- add_stop --
INSERT INTO plant.stop (device_id, from_ts, to_ts, micro_below_s, states)
VALUES (%(device_id)s, %(from_ts)s, %(to_ts)s, %(micro_below_s)s, %(states)s)
RETURNING stop_id;

-- change_stop --
UPDATE plant.stop SET from_ts = %(from_ts)s, to_ts = %(to_ts)s, micro_below_s = %(micro_below_s)s, states = %(states)s
WHERE stop_id = %(stop_id)s;

-- remove_stop --
WITH gone AS (DELETE FROM plant.stop WHERE stop_id = %(stop_id)s RETURNING stop_id, device_id, from_ts, to_ts)
INSERT INTO plant.stop_gone (stop_id, device_id, from_ts, to_ts) SELECT stop_id, device_id, from_ts, to_ts FROM gone;

-- replace_pieces --
WITH gone AS (
    DELETE FROM plant.stop_piece WHERE stop_id = %(stop_id)s AND from_ts <> ALL (%(from_ts)s::timestamptz[])
)
INSERT INTO plant.stop_piece (stop_id, from_ts, to_ts, reason)
SELECT %(stop_id)s, made.from_ts, made.to_ts, made.reason
FROM unnest(%(from_ts)s::timestamptz[], %(to_ts)s::timestamptz[], %(reason)s::text[]) AS made (from_ts, to_ts, reason)
ON CONFLICT (stop_id, from_ts) DO UPDATE SET to_ts = excluded.to_ts, reason = excluded.reason;

-- span_of_stop --
SELECT device_id, from_ts, to_ts, false AS is_gone FROM plant.stop WHERE stop_id = %(stop_id)s
UNION ALL
SELECT device_id, from_ts, to_ts, true FROM plant.stop_gone WHERE stop_id = %(stop_id)s;

-- reason --
SELECT EXISTS (SELECT FROM plant.reason AS below WHERE below.parent_id = reason.reason_id AND below.is_active) AS is_general
FROM plant.reason WHERE kind = 'stop' AND code = %(code)s;

-- say --
INSERT INTO plant.stop_reason (device_id, from_ts, to_ts, from_start, to_end, reason, note, actor, event_id, said_time)
VALUES (%(device_id)s, %(from_ts)s, %(to_ts)s, %(from_start)s, %(to_end)s, %(reason)s, %(note)s, %(actor)s,
        %(event_id)s, %(said_time)s);

-- stops --
-- Newest first. An open stop is a micro-stop until it has lasted.
SELECT stop_id, stop.device_id, place.name AS device, place.path, from_ts, to_ts, states,
       extract(epoch FROM coalesce(to_ts, now()) - from_ts) < micro_below_s AS is_micro
FROM plant.stop JOIN plant.device_place AS place USING (device_id)
WHERE stop_id = coalesce(%(stop_id)s, stop_id)
  AND device_id = coalesce(%(device_id)s, device_id)
  AND (%(path)s::text IS NULL OR place.path = %(path)s OR starts_with(place.path, %(path)s || '/'))
  AND (%(from_ts)s::timestamptz IS NULL OR to_ts IS NULL OR to_ts > %(from_ts)s)
  AND (%(to_ts)s::timestamptz IS NULL OR from_ts < %(to_ts)s)
  AND (%(before_ts)s::timestamptz IS NULL OR (from_ts, stop_id) < (%(before_ts)s, %(before_id)s))
  AND (NOT %(unassigned_only)s OR (
       extract(epoch FROM coalesce(to_ts, now()) - from_ts) >= micro_below_s
       AND EXISTS (SELECT FROM plant.stop_piece WHERE stop_piece.stop_id = stop.stop_id AND reason IS NULL)))
ORDER BY from_ts DESC, stop_id DESC LIMIT %(limit)s;

-- pieces --
SELECT stop_id, from_ts, to_ts, stop_piece.reason, name_en, name_zh
FROM plant.stop_piece LEFT JOIN plant.reason ON reason.kind = 'stop' AND reason.code = stop_piece.reason
WHERE stop_id = ANY (%(stop_ids)s) ORDER BY stop_id, from_ts;

-- standing --
-- Time stood in a span, per machine and reason; micro-stops without a reason are left out, as they need none.
SELECT place.path, place.name AS device, device_id, piece.reason,
       sum(extract(epoch FROM least(coalesce(piece.to_ts, now()), %(to_ts)s) - greatest(piece.from_ts, %(from_ts)s))) AS seconds
FROM plant.stop
JOIN plant.stop_piece AS piece USING (stop_id)
JOIN plant.device_place AS place USING (device_id)
WHERE piece.from_ts < %(to_ts)s AND (piece.to_ts IS NULL OR piece.to_ts > %(from_ts)s)
  AND piece.from_ts < now()
  AND (piece.reason IS NOT NULL OR extract(epoch FROM coalesce(stop.to_ts, now()) - stop.from_ts) >= micro_below_s)
  AND (%(path)s::text IS NULL OR place.path = %(path)s OR starts_with(place.path, %(path)s || '/'))
GROUP BY place.path, place.name, device_id, piece.reason
ORDER BY place.path, device_id, piece.reason NULLS FIRST;

-- thresholds --
SELECT path, micro_below_s FROM plant.stop_threshold ORDER BY path;

-- set_threshold --
INSERT INTO plant.stop_threshold (path, micro_below_s) VALUES (%(path)s, %(micro_below_s)s)
ON CONFLICT (path) DO UPDATE SET micro_below_s = excluded.micro_below_s;

-- mark_below --
-- Another threshold judges every stop of the machines below it anew.
INSERT INTO plant.stop_dirty (device_id, since)
SELECT stop.device_id, min(stop.from_ts) FROM plant.stop JOIN plant.device_place AS place USING (device_id)
WHERE %(path)s = '' OR place.path = %(path)s OR starts_with(place.path, %(path)s || '/')
GROUP BY stop.device_id;
