-- try_keeper_lock --
-- Polled, not waited for: a waiting pg_advisory_lock would hold a snapshot open and keep vacuum from its work.
SELECT pg_try_advisory_lock(hashtextextended('lineside.keeper', 0));

-- ensure_partitions --
SELECT plant.ensure_sample_partition((now() AT TIME ZONE 'UTC')::date + ahead)
FROM generate_series(0, %(days_ahead)s) AS ahead;

-- move_frozen --
UPDATE plant.frozen
SET before = greatest(before, date_trunc('day', now() - make_interval(days => %(retention_days)s), 'UTC'))
RETURNING before;

-- sample_partitions --
SELECT child.relname FROM pg_inherits
JOIN pg_class AS child ON child.oid = pg_inherits.inhrelid
WHERE pg_inherits.inhparent IN ('plant.sample'::regclass, 'plant.text_sample'::regclass)
ORDER BY child.relname;

-- forget_commits --
DELETE FROM plant.commit_log WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM plant.commit_log WHERE stored_time < now() - make_interval(days => %(keep_days)s) LIMIT %(limit)s));

-- roll_up_commits --
-- Minutes not made yet, and the last five again: a commit may come a little later than its stored_time says.
WITH since AS (
    SELECT coalesce((SELECT max(minute) FROM plant.commit_minute) - interval '5 minutes', date_trunc('minute', now() - interval '1 day')) AS moment
)
INSERT INTO plant.commit_minute AS stored (edge_id, minute, commits, samples, lag_p50_s, lag_p95_s)
SELECT edge_id, date_trunc('minute', stored_time), count(*), sum(samples),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM stored_time - newest)::float8),
       percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM stored_time - newest)::float8)
FROM plant.commit_log
WHERE stored_time >= (SELECT moment FROM since)
GROUP BY edge_id, date_trunc('minute', stored_time)
ON CONFLICT (edge_id, minute) DO UPDATE SET commits = excluded.commits, samples = excluded.samples,
    lag_p50_s = excluded.lag_p50_s, lag_p95_s = excluded.lag_p95_s
WHERE stored.commits <> excluded.commits;

-- forget_commit_minutes --
DELETE FROM plant.commit_minute WHERE minute < now() - make_interval(days => %(keep_days)s);

-- take_dirty --
-- First of two statements. What commits after it is seen by the second and stays in the log: recomputed again, no harm.
DELETE FROM plant.dirty WHERE ctid = ANY (ARRAY(SELECT ctid FROM plant.dirty LIMIT %(limit)s))
RETURNING tag_id, minute;

-- recompute_minutes --
-- A later statement than take_dirty, so it sees at least every sample whose mark was taken. Sums of floats depend on
-- their order; a full order gives the same row whoever computes it, and IS DISTINCT FROM leaves that row alone.
INSERT INTO plant.rollup_1m AS stored
    (tag_id, minute, n, n_bad, s, min_value, max_value, first_value, last_value)
SELECT window_.tag_id, window_.minute, made.n, made.n_bad, made.s, made.min_value, made.max_value,
       made.first_value, made.last_value
FROM unnest(%(tag_ids)s::int[], %(minutes)s::timestamptz[]) AS window_ (tag_id, minute)
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE is_good) AS n,
           count(*) FILTER (WHERE NOT is_good) AS n_bad,
           sum(value ORDER BY ts, value) FILTER (WHERE is_good) AS s,
           min(value) FILTER (WHERE is_good) AS min_value,
           max(value) FILTER (WHERE is_good) AS max_value,
           (array_agg(value ORDER BY ts, value) FILTER (WHERE is_good))[1] AS first_value,
           (array_agg(value ORDER BY ts DESC, value DESC) FILTER (WHERE is_good))[1] AS last_value
    FROM (
        SELECT ts, value, value IS NOT NULL AND quality BETWEEN 192 AND 255 AS is_good
        FROM plant.sample
        WHERE tag_id = window_.tag_id AND ts >= window_.minute AND ts < window_.minute + interval '1 minute'
    ) AS raw
) AS made
WHERE made.n + made.n_bad > 0
  AND window_.minute >= (SELECT before FROM plant.frozen)
ON CONFLICT (tag_id, minute) DO UPDATE
SET n = excluded.n, n_bad = excluded.n_bad, s = excluded.s, min_value = excluded.min_value,
    max_value = excluded.max_value, first_value = excluded.first_value, last_value = excluded.last_value
WHERE (stored.n, stored.n_bad, stored.s, stored.min_value, stored.max_value, stored.first_value, stored.last_value)
    IS DISTINCT FROM
    (excluded.n, excluded.n_bad, excluded.s, excluded.min_value, excluded.max_value, excluded.first_value,
     excluded.last_value);

-- dirty_devices --
-- The devices whose state may have changed, and since when. A device tells its state by its first tag of that role,
-- read together with its first tag of role mode, where it has one.
WITH teller AS (
    SELECT device_id, min(tag_id) FILTER (WHERE role = 'state') AS state_tag,
           min(tag_id) FILTER (WHERE role = 'mode') AS mode_tag
    FROM plant.tag
    WHERE role IN ('state', 'mode')
      AND device_id IN (SELECT device_id FROM plant.tag WHERE tag_id = ANY (%(tag_ids)s::int[]))
    GROUP BY device_id
)
SELECT teller.device_id, teller.state_tag, teller.mode_tag, tag.vocabulary,
       greatest(min(mark.minute), frozen.before) AS since
FROM teller
JOIN plant.tag ON tag.tag_id = teller.state_tag
JOIN unnest(%(tag_ids)s::int[], %(minutes)s::timestamptz[]) AS mark (tag_id, minute)
    ON mark.tag_id IN (teller.state_tag, teller.mode_tag)
CROSS JOIN plant.frozen
GROUP BY teller.device_id, teller.state_tag, teller.mode_tag, tag.vocabulary, frozen.before
ORDER BY teller.device_id;

-- intervals_since --
-- The last interval that began before the dirty span, and all after it.
SELECT from_ts, state, to_ts FROM plant.machine_state_interval
WHERE device_id = %(device_id)s AND from_ts >= coalesce(
    (SELECT max(from_ts) FROM plant.machine_state_interval WHERE device_id = %(device_id)s AND from_ts < %(since)s),
    %(since)s)
ORDER BY from_ts;

-- state_facts_since --
SELECT ts, 'state' AS kind, CASE WHEN quality BETWEEN 192 AND 255 THEN value END AS value
FROM plant.sample WHERE tag_id = %(state_tag)s AND ts >= %(since)s
UNION ALL
SELECT ts, 'mode', CASE WHEN quality BETWEEN 192 AND 255 THEN value END
FROM plant.sample WHERE tag_id = %(mode_tag)s AND ts >= %(since)s
UNION ALL
SELECT ts, 'unseen', NULL
FROM plant.device_contact WHERE device_id = %(device_id)s AND ts >= %(since)s AND NOT online
UNION ALL
SELECT gap.from_ts, 'unseen', NULL
FROM plant.gap JOIN plant.device USING (edge_id) JOIN plant.tag USING (device_id)
WHERE device_id = %(device_id)s AND tag_id = %(state_tag)s AND gap.from_ts >= %(since)s
  AND coalesce(gap.device, device.name) = device.name AND coalesce(gap.tag, tag.name) = tag.name;

-- state_facts_before --
-- What was in force: the last word of each kind.
(SELECT ts, 'state' AS kind, CASE WHEN quality BETWEEN 192 AND 255 THEN value END AS value
 FROM plant.sample WHERE tag_id = %(state_tag)s AND ts < %(since)s ORDER BY ts DESC LIMIT 1)
UNION ALL
(SELECT ts, 'mode', CASE WHEN quality BETWEEN 192 AND 255 THEN value END
 FROM plant.sample WHERE tag_id = %(mode_tag)s AND ts < %(since)s ORDER BY ts DESC LIMIT 1)
UNION ALL
(SELECT ts, 'unseen', NULL
 FROM plant.device_contact WHERE device_id = %(device_id)s AND ts < %(since)s AND NOT online ORDER BY ts DESC LIMIT 1)
UNION ALL
(SELECT gap.from_ts, 'unseen', NULL
 FROM plant.gap JOIN plant.device USING (edge_id) JOIN plant.tag USING (device_id)
 WHERE device_id = %(device_id)s AND tag_id = %(state_tag)s AND gap.from_ts < %(since)s
   AND coalesce(gap.device, device.name) = device.name AND coalesce(gap.tag, tag.name) = tag.name
 ORDER BY gap.from_ts DESC LIMIT 1);

-- check_intervals_at_once --
SET CONSTRAINTS ALL IMMEDIATE;

-- delete_intervals --
DELETE FROM plant.machine_state_interval WHERE device_id = %(device_id)s AND from_ts = ANY (%(from_ts)s);

-- change_intervals --
UPDATE plant.machine_state_interval AS interval_ SET state = made.state, to_ts = made.to_ts
FROM unnest(%(from_ts)s::timestamptz[], %(state)s::text[], %(to_ts)s::timestamptz[]) AS made (from_ts, state, to_ts)
WHERE interval_.device_id = %(device_id)s AND interval_.from_ts = made.from_ts;

-- insert_intervals --
INSERT INTO plant.machine_state_interval (device_id, from_ts, state, to_ts)
SELECT %(device_id)s, made.from_ts, made.state, made.to_ts
FROM unnest(%(from_ts)s::timestamptz[], %(state)s::text[], %(to_ts)s::timestamptz[]) AS made (from_ts, state, to_ts);

-- raise_alarm --
INSERT INTO plant.alarm (kind, subject, detail) VALUES (%(kind)s, %(subject)s, %(detail)s)
ON CONFLICT (kind, subject) WHERE cleared_time IS NULL DO NOTHING;

-- clear_alarms --
UPDATE plant.alarm SET cleared_time = now()
WHERE kind = %(kind)s AND subject = ANY (%(subjects)s) AND cleared_time IS NULL;

-- forget_sessions --
DELETE FROM plant.session WHERE created_time < now() - interval '30 days';

-- forget_tries --
DELETE FROM plant.sign_in_try WHERE last_time < now() - interval '1 day' AND free_time < now();
