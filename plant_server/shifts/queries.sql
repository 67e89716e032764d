-- pattern --
SELECT code, name_en, name_zh, start_time AS start, end_time AS end, weekdays, is_stated,
       coalesce((SELECT array_agg(to_char(rest.start_time, 'HH24:MI') || '-' || to_char(rest.end_time, 'HH24:MI'))
                 FROM plant.shift_pattern_break AS rest WHERE rest.code = pattern.code), '{}') AS breaks
FROM plant.shift_pattern AS pattern
ORDER BY start_time, code;

-- lock --
-- One statement at a time; who only reads does not wait.
LOCK TABLE plant.shift_pattern IN SHARE ROW EXCLUSIVE MODE;

-- forget_pattern --
DELETE FROM plant.shift_pattern;

-- add_shift --
INSERT INTO plant.shift_pattern (code, name_en, name_zh, start_time, end_time, weekdays)
VALUES (%(code)s, %(name_en)s, %(name_zh)s, %(start)s, %(end)s, %(weekdays)s);

-- add_break --
INSERT INTO plant.shift_pattern_break (code, start_time, end_time) VALUES (%(code)s, %(start)s, %(end)s);

-- end_what_nobody_stated --
-- The whole day that stands in until somebody states shifts is no statement: the first pattern holds from that day on.
DELETE FROM plant.shift WHERE NOT is_stated AND to_ts > now();

-- running --
SELECT max(to_ts) AS ends FROM plant.shift WHERE from_ts <= now() AND to_ts > now();

-- next_of_pattern --
-- When the first shift of what is stated now begins or began.
SELECT min(from_ts) AS begins FROM plant.shift WHERE to_ts > now() AND from_ts >= coalesce(%(after)s, '-infinity'::timestamptz);
