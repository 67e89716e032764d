-- lock --
-- Whoever states another pattern lays it out in the same transaction: what was read before it must not be laid out after it.
LOCK TABLE plant.shift_pattern IN SHARE ROW EXCLUSIVE MODE;

-- dates --
-- The present date of the site, and that of the first fact about a machine.
SELECT (now() AT TIME ZONE %(zone)s)::date AS today,
       (least((SELECT min(from_ts) FROM plant.machine_state_interval), (SELECT min(from_ts) FROM plant.booking),
              (SELECT min(from_ts) FROM plant.not_assigned), now()) AT TIME ZONE %(zone)s)::date AS first_date;

-- patterns --
SELECT code, name_en, name_zh, start_time, end_time, weekdays,
       ARRAY(SELECT rest.start_time FROM plant.shift_pattern_break AS rest WHERE rest.code = pattern.code
             ORDER BY rest.start_time) AS break_starts,
       ARRAY(SELECT rest.end_time FROM plant.shift_pattern_break AS rest WHERE rest.code = pattern.code
             ORDER BY rest.start_time) AS break_ends
FROM plant.shift_pattern AS pattern ORDER BY code;

-- raise_overlap --
INSERT INTO plant.alarm (kind, subject, detail) VALUES (%(kind)s, %(subject)s, %(detail)s)
ON CONFLICT (kind, subject) WHERE cleared_time IS NULL DO NOTHING;

-- clear_overlap --
UPDATE plant.alarm SET cleared_time = now() WHERE kind = %(kind)s AND subject = %(subject)s AND cleared_time IS NULL;

-- take_back --
-- What has not begun and is not meant any more, or not at that time or by that name.
DELETE FROM plant.shift
WHERE from_ts > now() AND NOT EXISTS (
    SELECT FROM unnest(%(codes)s::text[], %(dates)s::date[], %(from_ms)s::bigint[], %(to_ms)s::bigint[])
        AS made (code, business_date, from_ms, to_ms)
    JOIN plant.shift_pattern AS pattern USING (code)
    WHERE (pattern.name_en, pattern.name_zh, pattern.is_stated) = (shift.name_en, shift.name_zh, shift.is_stated)
      AND made.code = shift.code AND made.business_date = shift.business_date
      AND to_timestamp(made.from_ms / 1000) = shift.from_ts AND to_timestamp(made.to_ms / 1000) = shift.to_ts);

-- lay_out --
-- Ahead, where nothing was laid out yet, and on dates before the first: a hole in what has begun stays a hole, and a shift that has
-- begun ends as it was meant to.
WITH laid AS (SELECT min(business_date) AS first, max(to_ts) AS last FROM plant.shift)
INSERT INTO plant.shift (code, name_en, name_zh, business_date, from_ts, to_ts, is_stated)
SELECT pattern.code, pattern.name_en, pattern.name_zh, made.business_date, to_timestamp(made.from_ms / 1000),
       to_timestamp(made.to_ms / 1000), pattern.is_stated
FROM unnest(%(codes)s::text[], %(dates)s::date[], %(from_ms)s::bigint[], %(to_ms)s::bigint[])
    AS made (code, business_date, from_ms, to_ms)
JOIN plant.shift_pattern AS pattern USING (code)
CROSS JOIN laid
WHERE laid.first IS NULL OR to_timestamp(made.from_ms / 1000) > now()
   OR to_timestamp(made.from_ms / 1000) >= laid.last OR made.business_date < laid.first
ORDER BY made.from_ms
ON CONFLICT DO NOTHING
RETURNING shift_id;

-- take_back_breaks --
DELETE FROM plant.shift_break USING plant.shift WHERE shift.shift_id = shift_break.shift_id AND shift.from_ts > now();

-- lay_out_breaks --
-- Of shifts that have not begun, and of those that were laid out just now.
INSERT INTO plant.shift_break (shift_id, from_ts, to_ts)
SELECT shift.shift_id, to_timestamp(made.from_ms / 1000), to_timestamp(made.to_ms / 1000)
FROM unnest(%(codes)s::text[], %(dates)s::date[], %(shift_from_ms)s::bigint[], %(from_ms)s::bigint[], %(to_ms)s::bigint[])
    AS made (code, business_date, shift_from_ms, from_ms, to_ms)
JOIN plant.shift ON shift.code = made.code AND shift.business_date = made.business_date
    AND shift.from_ts = to_timestamp(made.shift_from_ms / 1000)
WHERE shift.from_ts > now() OR shift.shift_id = ANY (%(laid)s::bigint[])
ON CONFLICT DO NOTHING;
