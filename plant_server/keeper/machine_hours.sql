-- mark_growth --
-- A machine that goes on as it was changes no fact, but its time grows: from what is made to what is known by now.
INSERT INTO plant.hour_dirty (device_id, from_ts, to_ts)
SELECT machine.device_id, made.as_of, least(now(), edge.last_message)
FROM plant.machine
JOIN plant.device USING (device_id)
JOIN plant.edge USING (edge_id)
CROSS JOIN LATERAL (SELECT as_of FROM plant.machine_hour WHERE machine_hour.device_id = machine.device_id
                    ORDER BY from_ts DESC LIMIT 1) AS made
WHERE least(now(), edge.last_message) > made.as_of + %(step_s)s * interval '1 s';

-- take_hours --
-- First of two statements, as take_dirty: what commits after it is seen by the second and stays in the log.
WITH taken AS (
    DELETE FROM plant.hour_dirty WHERE ctid = ANY (ARRAY(SELECT ctid FROM plant.hour_dirty LIMIT %(limit)s))
    RETURNING device_id, from_ts, to_ts
)
SELECT DISTINCT device_id, hour, (SELECT count(*) FROM taken) AS marks
FROM taken
CROSS JOIN LATERAL generate_series(date_trunc('hour', from_ts, 'UTC'), least(coalesce(to_ts, now()), now()), '1 hour') AS hour
ORDER BY hour DESC, device_id;

-- put_hours_back --
INSERT INTO plant.hour_dirty (device_id, from_ts, to_ts)
SELECT device_id, hour, hour FROM unnest(%(device_ids)s::int[], %(hours)s::timestamptz[]) AS rest (device_id, hour);

-- forget_hours --
-- Where a shift was moved the hour is cut elsewhere.
DELETE FROM plant.machine_hour USING unnest(%(device_ids)s::int[], %(hours)s::timestamptz[]) AS wanted (device_id, hour)
WHERE machine_hour.device_id = wanted.device_id
  AND machine_hour.from_ts >= wanted.hour AND machine_hour.from_ts < wanted.hour + interval '1 hour'
  AND machine_hour.from_ts <> wanted.hour
  AND NOT EXISTS (SELECT FROM plant.shift WHERE machine_hour.from_ts IN (shift.from_ts, shift.to_ts));

-- make_hours --
WITH wanted AS (
    SELECT device_id, hour FROM unnest(%(device_ids)s::int[], %(hours)s::timestamptz[]) AS wanted (device_id, hour)
), bound AS (  -- Where an hour is cut: its ends, and where shifts begin and end.
    SELECT DISTINCT hour, hour AS moment FROM wanted
    UNION SELECT hour, hour + interval '1 hour' FROM wanted
    UNION SELECT hour, cut.moment FROM (SELECT DISTINCT hour FROM wanted) AS hours
          JOIN (SELECT from_ts AS moment FROM plant.shift UNION SELECT to_ts FROM plant.shift) AS cut
            ON cut.moment > hour AND cut.moment < hour + interval '1 hour'
), cut AS (
    SELECT hour, moment AS from_ts, lead(moment) OVER (PARTITION BY hour ORDER BY moment) AS to_ts FROM bound
), known AS MATERIALIZED (  -- A state holds until its edge was last heard.
    SELECT machine.device_id, machine.counting_tag, CASE WHEN machine.is_first THEN machine.equipment_id END AS equipment_id,
           least(now(), greatest(edge.last_message, (SELECT coalesce(to_ts, from_ts) FROM plant.machine_state_interval AS i
                                                     WHERE i.device_id = machine.device_id
                                                     ORDER BY from_ts DESC LIMIT 1))) AS until,
           (SELECT min(from_ts) FROM plant.machine_state_interval AS i WHERE i.device_id = machine.device_id) AS since
    FROM plant.machine JOIN plant.device USING (device_id) JOIN plant.edge USING (edge_id)
    WHERE machine.device_id IN (SELECT device_id FROM wanted)
), period AS MATERIALIZED (
    SELECT wanted.device_id, cut.from_ts, cut.to_ts, shift.shift_id, coalesce(shift.is_stated, true) AS is_stated,
           known.counting_tag, known.equipment_id, greatest(cut.from_ts, known.since) AS seen_from,
           least(cut.to_ts, greatest(cut.from_ts, coalesce(known.until, now()))) AS as_of
    FROM wanted
    JOIN cut ON cut.hour = wanted.hour AND cut.to_ts IS NOT NULL
    JOIN known USING (device_id)
    LEFT JOIN plant.shift ON shift.from_ts <= cut.from_ts AND shift.to_ts > cut.from_ts
    WHERE cut.from_ts < now()
), spell AS (  -- What it did, each stop with its reason.
    SELECT period.device_id, period.from_ts,
           CASE WHEN doing.state IN ('producing', 'unknown') THEN doing.state
                WHEN why.reason IS NOT NULL THEN coalesce(reason_time.stop_time, 'unplanned')
                WHEN doing.state = 'setup' THEN 'setup'
                WHEN doing.state IN ('off', 'maintenance') AND NOT period.is_stated THEN 'planned'
                ELSE 'unexplained' END AS class,
           coalesce(why.to_ts, doing.to_ts) - coalesce(why.from_ts, doing.from_ts) AS span,
           coalesce(resting.span, interval '0') AS rest
    FROM period
    CROSS JOIN LATERAL (
        SELECT state, greatest(i.from_ts, period.from_ts) AS from_ts, least(i.to_ts, period.as_of) AS to_ts
        FROM plant.machine_state_interval AS i
        WHERE i.device_id = period.device_id AND tstzrange(i.from_ts, i.to_ts) && tstzrange(period.from_ts, period.as_of)
    ) AS doing
    LEFT JOIN LATERAL (
        SELECT piece.reason, greatest(piece.from_ts, doing.from_ts) AS from_ts, least(piece.to_ts, doing.to_ts) AS to_ts
        FROM plant.stop JOIN plant.stop_piece AS piece USING (stop_id)
        WHERE stop.device_id = period.device_id
          AND tstzrange(stop.from_ts, stop.to_ts) && tstzrange(doing.from_ts, doing.to_ts)
          AND piece.from_ts < doing.to_ts AND (piece.to_ts IS NULL OR piece.to_ts > doing.from_ts)
    ) AS why ON doing.state NOT IN ('producing', 'unknown')
    LEFT JOIN LATERAL (  -- What it stood in breaks of the shift; a machine that works through one is busy.
        SELECT sum(least(rest.to_ts, coalesce(why.to_ts, doing.to_ts)) - greatest(rest.from_ts, coalesce(why.from_ts, doing.from_ts))) AS span
        FROM plant.shift_break AS rest
        WHERE tstzrange(rest.from_ts, rest.to_ts)
              && tstzrange(coalesce(why.from_ts, doing.from_ts), coalesce(why.to_ts, doing.to_ts))
    ) AS resting ON doing.state NOT IN ('producing', 'unknown')
    LEFT JOIN plant.stop_reason_time AS reason_time ON reason_time.code = why.reason
), times AS (
    SELECT device_id, from_ts,
           extract(epoch FROM sum(span) FILTER (WHERE class = 'producing')) AS producing_s,
           extract(epoch FROM sum(span - rest) FILTER (WHERE class = 'setup')) AS setup_s,
           extract(epoch FROM sum(span - rest) FILTER (WHERE class = 'unplanned')) AS unplanned_s,
           extract(epoch FROM sum(span - rest) FILTER (WHERE class = 'blocked')) AS blocked_s,
           extract(epoch FROM sum(span - rest) FILTER (WHERE class = 'unexplained')) AS unexplained_s,
           extract(epoch FROM sum(CASE WHEN class = 'planned' THEN span ELSE rest END)) AS planned_s,
           extract(epoch FROM sum(span) FILTER (WHERE class <> 'unknown')) AS known_s
    FROM spell GROUP BY device_id, from_ts
), position AS (  -- Where each counter stood at both ends: at the last reading not later.
    SELECT period.device_id, period.from_ts, period.counting_tag, tag.tag_id, tag.counts,
           coalesce(begun.total, 0) AS begun, coalesce(ended.total, 0) AS ended
    FROM period
    JOIN plant.tag ON tag.device_id = period.device_id AND tag.role = 'counter'
    LEFT JOIN LATERAL (SELECT total FROM plant.odometer_log AS log WHERE log.tag_id = tag.tag_id AND log.ts <= period.from_ts
                       ORDER BY ts DESC, total DESC LIMIT 1) AS begun ON true
    LEFT JOIN LATERAL (SELECT total FROM plant.odometer_log AS log WHERE log.tag_id = tag.tag_id AND log.ts <= period.to_ts
                       ORDER BY ts DESC, total DESC LIMIT 1) AS ended ON true
), booked AS (  -- Of each booking its share of the steps; whole parts, cut so that neighbours add up.
    SELECT position.device_id, position.from_ts, booking.kind, position.counts, operation.cycle_time_s,
           div(booking.parts * (least(ended, odometer_to) - odometer_from), odometer_to - odometer_from)
           - div(booking.parts * (greatest(begun, odometer_from) - odometer_from), odometer_to - odometer_from) AS parts
    FROM position
    JOIN plant.booking ON booking.tag_id = position.tag_id
        AND numrange(odometer_from, odometer_to, '(]') && numrange(begun, ended, '(]')
    JOIN plant.run USING (run_id)
    JOIN plant.operation USING (operation_id)
    WHERE ended > begun
), entered AS (  -- What people count and name.
    SELECT period.device_id, period.from_ts, entry.kind, run.count_source = 'operator' AS counts_made, entry.among_rejects,
           operation.cycle_time_s, entry.quantity
    FROM period
    JOIN plant.production_entry AS entry ON entry.event_time >= period.from_ts AND entry.event_time < period.to_ts
    JOIN plant.run ON run.run_id = entry.run_id AND run.equipment_id = period.equipment_id
    JOIN plant.operation USING (operation_id)
), counted AS (
    SELECT device_id, from_ts,
           parts * (kind IN ('made', 'scrap'))::int AS made, parts * (kind IN ('scrap', 'rejected'))::int AS scrap, 0 AS rework,
           parts * (kind = 'rejected' OR (kind = 'scrap' AND counts = 'reject'))::int AS rejected,
           parts * (kind = 'scrap' AND counts <> 'reject')::int AS setup_scrap, cycle_time_s
    FROM booked
    UNION ALL
    SELECT device_id, from_ts, quantity * counts_made::int,
           quantity * (kind = 'scrap' AND (counts_made OR NOT among_rejects))::int, quantity * (kind = 'rework')::int,
           0, 0, cycle_time_s
    FROM entered
), counts AS (
    SELECT device_id, from_ts, sum(made) AS made, sum(scrap) AS scrap, sum(rework) AS rework, sum(rejected) AS rejected,
           sum(setup_scrap) AS setup_scrap, sum(made * cycle_time_s) AS planned_run_s,
           sum(made) FILTER (WHERE cycle_time_s = 0) AS unrated
    FROM counted GROUP BY device_id, from_ts
), waiting AS (
    SELECT position.device_id, position.from_ts, sum(least(ended, odometer_to) - greatest(begun, odometer_from)) AS steps
    FROM position
    JOIN plant.not_assigned AS waiting ON waiting.tag_id = position.tag_id
        AND numrange(odometer_from, odometer_to, '(]') && numrange(begun, ended, '(]')
    WHERE ended > begun AND position.tag_id = position.counting_tag
    GROUP BY position.device_id, position.from_ts
)
INSERT INTO plant.machine_hour AS stored (device_id, from_ts, to_ts, as_of, shift_id, producing_s, setup_s, unplanned_s, blocked_s,
    unexplained_s, planned_s, unknown_s, made, scrap, rework, rejected, setup_scrap, not_assigned, planned_run_s, unrated)
SELECT device_id, from_ts, to_ts, as_of, shift_id, coalesce(producing_s, 0), coalesce(setup_s, 0), coalesce(unplanned_s, 0),
       coalesce(blocked_s, 0), coalesce(unexplained_s, 0), coalesce(planned_s, 0),
       greatest(extract(epoch FROM as_of - seen_from) - coalesce(known_s, 0), 0), coalesce(made, 0), coalesce(scrap, 0),
       coalesce(rework, 0), coalesce(rejected, 0), coalesce(setup_scrap, 0), coalesce(steps, 0), coalesce(planned_run_s, 0),
       coalesce(unrated, 0)
FROM period
LEFT JOIN times USING (device_id, from_ts)
LEFT JOIN counts USING (device_id, from_ts)
LEFT JOIN waiting USING (device_id, from_ts)
WHERE num_nonnulls(times.device_id, counts.device_id, waiting.device_id) > 0  -- Nothing is told of the time before its first fact.
   OR EXISTS (SELECT FROM plant.machine_hour AS made WHERE made.device_id = period.device_id AND made.from_ts = period.from_ts)
ON CONFLICT (device_id, from_ts) DO UPDATE
SET to_ts = excluded.to_ts, as_of = excluded.as_of, shift_id = excluded.shift_id, producing_s = excluded.producing_s,
    setup_s = excluded.setup_s, unplanned_s = excluded.unplanned_s, blocked_s = excluded.blocked_s,
    unexplained_s = excluded.unexplained_s, planned_s = excluded.planned_s, unknown_s = excluded.unknown_s,
    made = excluded.made, scrap = excluded.scrap, rework = excluded.rework, rejected = excluded.rejected,
    setup_scrap = excluded.setup_scrap, not_assigned = excluded.not_assigned, planned_run_s = excluded.planned_run_s,
    unrated = excluded.unrated
WHERE stored IS DISTINCT FROM excluded;

-- make_meter_hours --
-- A reading counts in the hour it ends (<= its bound), and whatever follows it begins there: so the hours of the marked
-- minutes, and of the first reading after each.
WITH marked AS (
    SELECT mark.tag_id, mark.minute
    FROM unnest(%(tag_ids)s::int[], %(minutes)s::timestamptz[]) AS mark (tag_id, minute)
    JOIN plant.tag USING (tag_id) WHERE role = 'meter' AND unit = 'Wh'
), hours AS (
    SELECT DISTINCT tag_id, date_trunc('hour', moment, 'UTC') AS hour
    FROM marked
    CROSS JOIN LATERAL (
        SELECT minute UNION ALL SELECT minute - interval '1 microsecond'
        UNION ALL (SELECT ts - interval '1 microsecond' FROM plant.odometer_log AS log
                   WHERE log.tag_id = marked.tag_id AND ts >= minute + interval '1 minute' ORDER BY ts LIMIT 1)
    ) AS touched (moment)
)
INSERT INTO plant.meter_hour AS stored (tag_id, hour, energy_wh)
SELECT hours.tag_id, hours.hour, ended.total - coalesce(begun.total, 0)
FROM hours
CROSS JOIN LATERAL (SELECT total FROM plant.odometer_log AS log WHERE log.tag_id = hours.tag_id
                    AND ts <= hours.hour + interval '1 hour' ORDER BY ts DESC, total DESC LIMIT 1) AS ended
LEFT JOIN LATERAL (SELECT total FROM plant.odometer_log AS log WHERE log.tag_id = hours.tag_id
                   AND ts <= hours.hour ORDER BY ts DESC, total DESC LIMIT 1) AS begun ON true
ON CONFLICT (tag_id, hour) DO UPDATE SET energy_wh = excluded.energy_wh WHERE stored.energy_wh <> excluded.energy_wh;
