-- tags_with_news --
-- Of the tags given, those whose odometer stands above what was looked at.
SELECT odometer.tag_id FROM plant.odometer LEFT JOIN plant.counted_tag USING (tag_id)
WHERE odometer.tag_id = ANY (%(tag_ids)s) AND odometer.total > coalesce(counted_tag.position, 0)
ORDER BY odometer.tag_id;

-- tags_to_book --
-- Every counter that says what is made or rejected and has news; not one whose bookings are broken until a person has
-- looked at it.
SELECT odometer.tag_id FROM plant.odometer LEFT JOIN plant.counted_tag USING (tag_id)
WHERE odometer.total > coalesce(counted_tag.position, 0)
  AND (odometer.tag_id IN (SELECT tag_id FROM plant.counting_tag)
       OR EXISTS (SELECT FROM plant.run_tag WHERE run_tag.tag_id = odometer.tag_id))
  AND NOT EXISTS (SELECT FROM plant.alarm WHERE kind = 'booking_overlap' AND subject = odometer.tag_id::text
                  AND cleared_time IS NULL)
ORDER BY odometer.tag_id LIMIT %(limit)s;

-- lock_counted_tag --
-- Whoever changes ranges of a tag holds this row; the version tells Events apart that did. Before its first count a tag
-- was looked at when its device was first in contact: what comes after an outage then is no first reading.
INSERT INTO plant.counted_tag AS known (tag_id) VALUES (%(tag_id)s)
ON CONFLICT (tag_id) DO UPDATE SET version = known.version + 1
RETURNING position, version,
          coalesce(ts, (SELECT min(contact.ts) FROM plant.device_contact AS contact JOIN plant.tag USING (device_id)
                        WHERE tag.tag_id = known.tag_id AND contact.online)) AS ts;

-- points --
SELECT ts, total FROM plant.odometer_log
WHERE tag_id = %(tag_id)s AND total > %(position)s
  AND ts >= coalesce(%(ts)s::timestamptz - %(slack)s::interval, '-infinity')
ORDER BY total, ts LIMIT %(limit)s;

-- slots --
-- The settings of the runs that may still be given counts of the tag, and the total of the tag when each began.
SELECT run.run_id, run.work_order_id, run.to_time AS run_end, run.setup_parts, run.count_source, run_tag.counts,
       run_tag.among_parts, setting.from_time, setting.phase, setting.cavities, setting.blocked, setting.cycles,
       lead(setting.from_time) OVER (PARTITION BY run.run_id ORDER BY setting.from_time) AS next_time, work_order.state,
       coalesce((SELECT log.total FROM plant.odometer_log AS log
                 WHERE log.tag_id = %(tag_id)s AND log.ts <= setting.from_time ORDER BY log.ts DESC LIMIT 1), 0) AS origin
FROM plant.run_tag
JOIN plant.run USING (run_id)
JOIN plant.run_setting AS setting USING (run_id)
JOIN plant.work_order ON work_order.work_order_id = run.work_order_id
WHERE run_tag.tag_id = %(tag_id)s AND NOT run_tag.settled
ORDER BY setting.from_time;

-- losses --
-- When the device of the tag was out of contact, or the edge had to drop what it read.
SELECT ts AS from_time, next_ts AS to_time FROM (
    SELECT contact.ts, contact.online, lead(contact.ts) OVER (ORDER BY contact.ts) AS next_ts
    FROM plant.device_contact AS contact
    JOIN plant.tag ON tag.device_id = contact.device_id AND tag.tag_id = %(tag_id)s
    WHERE contact.ts <= %(to_ts)s AND contact.ts >= coalesce(
        (SELECT max(earlier.ts) FROM plant.device_contact AS earlier
         WHERE earlier.device_id = tag.device_id AND earlier.ts <= %(from_ts)s), '-infinity')
) AS spell
WHERE NOT online AND coalesce(next_ts > %(from_ts)s, true)
UNION ALL
SELECT gap.from_ts, gap.to_ts FROM plant.gap
JOIN plant.device ON device.edge_id = gap.edge_id AND device.name = coalesce(gap.device, device.name)
JOIN plant.tag ON tag.device_id = device.device_id AND tag.name = coalesce(nullif(gap.tag, '*'), tag.name)
WHERE tag.tag_id = %(tag_id)s AND gap.from_ts < %(to_ts)s AND coalesce(gap.to_ts > %(from_ts)s, true);

-- advance_tag --
UPDATE plant.counted_tag SET position = %(position)s, ts = %(ts)s WHERE tag_id = %(tag_id)s;

-- settle_runs --
-- Runs that ended before a reading that was looked at get nothing more.
UPDATE plant.run_tag SET settled = true FROM plant.run
WHERE run_tag.tag_id = %(tag_id)s AND NOT run_tag.settled AND run.run_id = run_tag.run_id AND run.to_time < %(ts)s;

-- book --
-- A booking grows while it is the same run and setting that counts on.
WITH grown AS (
    UPDATE plant.booking
    SET odometer_to = %(odometer_to)s, to_ts = %(to_ts)s, parts = parts + %(parts)s
    WHERE tag_id = %(tag_id)s
      AND odometer_from = (SELECT max(odometer_from) FROM plant.booking
                           WHERE tag_id = %(tag_id)s AND odometer_from < %(odometer_from)s)
      AND odometer_to = %(odometer_from)s AND run_id = %(run_id)s AND setting_time = %(setting_time)s
      AND kind = %(kind)s AND NOT by_person AND NOT %(by_person)s
    RETURNING 1
)
INSERT INTO plant.booking (tag_id, odometer_from, odometer_to, run_id, setting_time, from_ts, to_ts, parts, kind, by_person)
SELECT %(tag_id)s, %(odometer_from)s, %(odometer_to)s, %(run_id)s, %(setting_time)s, %(from_ts)s, %(to_ts)s, %(parts)s,
       %(kind)s, %(by_person)s
WHERE NOT EXISTS (SELECT FROM grown);

-- leave --
-- Not assigned; grows like a booking.
WITH grown AS (
    UPDATE plant.not_assigned SET odometer_to = %(odometer_to)s, to_ts = %(to_ts)s
    WHERE tag_id = %(tag_id)s
      AND odometer_from = (SELECT max(odometer_from) FROM plant.not_assigned
                           WHERE tag_id = %(tag_id)s AND odometer_from < %(odometer_from)s)
      AND odometer_to = %(odometer_from)s AND reason = %(reason)s
      AND proposed_run_id IS NOT DISTINCT FROM %(proposed_run_id)s
    RETURNING 1
)
INSERT INTO plant.not_assigned (tag_id, odometer_from, odometer_to, from_ts, to_ts, reason, proposed_run_id)
SELECT %(tag_id)s, %(odometer_from)s, %(odometer_to)s, %(from_ts)s, %(to_ts)s, %(reason)s, %(proposed_run_id)s
WHERE NOT EXISTS (SELECT FROM grown);

-- credit --
-- The lines of a report; the run's own figures, and the totals of its operation and order. The order makes what its last operation makes, and
-- loses what any of them scraps.
WITH entry AS (
    INSERT INTO plant.production_entry (event_id, line, run_id, work_order_id, kind, quantity, among_rejects, reason, actor,
                                        event_time, recorded_time, reverses)
    SELECT line.* FROM jsonb_to_recordset(%(entries)s::jsonb) AS line (event_id uuid, line smallint, run_id bigint,
           work_order_id bigint, kind text, quantity numeric, among_rejects boolean, reason text, actor text,
           event_time timestamptz, recorded_time timestamptz, reverses uuid)
), run AS (
    UPDATE plant.run
    SET booked_made = booked_made + %(booked_made)s, booked_scrap = booked_scrap + %(booked_scrap)s,
        booked_rejected = booked_rejected + %(booked_rejected)s, booked_setup = booked_setup + %(booked_setup)s,
        entered_good = entered_good + %(entered_good)s, entered_scrap = entered_scrap + %(entered_scrap)s,
        entered_rework = entered_rework + %(entered_rework)s, among_rejects = among_rejects + %(among_rejects)s
    WHERE run_id = %(run_id)s
    RETURNING *
), operation AS (
    UPDATE plant.operation
    SET made = operation.made + %(made)s, good = operation.good + %(good)s, scrap = operation.scrap + %(scrap)s,
        rework = operation.rework + %(rework)s
    FROM run WHERE operation.operation_id = run.operation_id
    RETURNING operation.operation_id, operation.work_order_id, operation.is_last
), work_order AS (
    UPDATE plant.work_order
    SET made = work_order.made + CASE WHEN operation.is_last THEN %(made)s ELSE 0 END,
        good = work_order.good + CASE WHEN operation.is_last THEN %(good)s ELSE 0 END,
        scrap = work_order.scrap + %(scrap)s, rework = work_order.rework + %(rework)s
    FROM operation WHERE work_order.work_order_id = operation.work_order_id
    RETURNING work_order.good, work_order.scrap, work_order.rework, work_order.quantity
)
SELECT run.*, operation.is_last, work_order.good AS order_good, work_order.scrap AS order_scrap,
       work_order.rework AS order_rework, work_order.quantity AS order_quantity
FROM run, operation, work_order;

-- add_late_case --
INSERT INTO plant.count_case (kind, run_id, odometer_from, quantity, opened_time)
VALUES ('late', %(run_id)s, %(odometer_from)s, %(quantity)s, %(opened_time)s);

-- state_difference --
INSERT INTO plant.count_case AS known (kind, run_id, quantity, opened_time)
VALUES ('difference', %(run_id)s, %(quantity)s, %(time)s)
ON CONFLICT (kind, run_id, odometer_from) DO UPDATE
SET quantity = excluded.quantity, settled_time = NULL, settled_by = NULL, note = NULL
WHERE known.quantity <> excluded.quantity;

-- no_difference --
-- It went away by itself.
UPDATE plant.count_case SET quantity = 0, settled_time = %(time)s, settled_by = 'plant'
WHERE kind = 'difference' AND run_id = %(run_id)s AND quantity <> 0;

-- surpluses --
-- Of each operation that people count after one that people count (of several at one position, the one that delivered
-- least): what it made beyond what it was given, where its case does not say so yet. The case is of its first run.
WITH counted AS (
    SELECT operation.operation_id, operation.position, operation.made, operation.good, min(run.run_id) AS run_id,
           bool_and(run.count_source = 'operator') AS by_people
    FROM plant.operation JOIN plant.run USING (operation_id)
    WHERE operation.work_order_id = %(work_order_id)s
    GROUP BY operation.operation_id
), found AS (
    SELECT this.run_id, greatest(this.made - before.good, 0) AS quantity
    FROM counted AS this
    JOIN LATERAL (SELECT min(good) AS good, bool_and(by_people) AS by_people FROM counted AS other
                  WHERE other.position = (SELECT max(position) FROM counted AS earlier
                                          WHERE earlier.position < this.position)) AS before ON before.by_people
    WHERE this.by_people
)
SELECT found.run_id, found.quantity
FROM found LEFT JOIN plant.count_case AS known ON known.kind = 'surplus' AND known.run_id = found.run_id
WHERE found.quantity <> coalesce(known.quantity, 0)
ORDER BY found.run_id;

-- state_surplus --
INSERT INTO plant.count_case AS known (kind, run_id, quantity, opened_time)
VALUES ('surplus', %(run_id)s, %(quantity)s, %(time)s)
ON CONFLICT (kind, run_id, odometer_from) DO UPDATE
SET quantity = excluded.quantity, settled_time = NULL, settled_by = NULL, note = NULL;

-- no_surplus --
-- The operation before reported what was missing, or this one less.
UPDATE plant.count_case SET quantity = 0, settled_time = %(time)s, settled_by = 'plant'
WHERE kind = 'surplus' AND run_id = %(run_id)s AND quantity <> 0;

-- settle_late --
UPDATE plant.count_case SET settled_time = %(time)s, settled_by = %(actor)s
WHERE kind = 'late' AND settled_time IS NULL AND run_id = %(proposed_run_id)s
  AND odometer_from >= %(odometer_from)s AND odometer_from < %(odometer_to)s;

-- settle_case --
UPDATE plant.count_case SET settled_time = %(time)s, settled_by = %(actor)s, note = %(note)s
WHERE kind = %(kind)s AND run_id = %(run_id)s AND odometer_from = %(odometer_from)s AND settled_time IS NULL
RETURNING run_id;

-- run --
-- With all that an ERP has to be told of it, and was.
SELECT run.*, operation.position, operation.name_en, operation.is_last, operation.state AS operation_state,
       NOT EXISTS (SELECT FROM plant.operation AS earlier WHERE earlier.work_order_id = run.work_order_id
                   AND earlier.position < operation.position) AS is_first,
       equipment.path, equipment.name AS equipment, work_order.number,
       (SELECT coalesce(jsonb_agg(entry), '[]') FROM (
            SELECT kind, reason, sum(quantity)::text AS quantity FROM plant.production_entry
            WHERE production_entry.run_id = run.run_id AND kind <> 'good' GROUP BY kind, reason) AS entry) AS entered,
       (SELECT coalesce(jsonb_agg(one), '[]') FROM (
            SELECT kind, reason, quantity::text FROM plant.run_told_total AS total WHERE total.run_id = run.run_id) AS one) AS told
FROM plant.run
JOIN plant.operation USING (operation_id)
JOIN plant.equipment USING (equipment_id)
JOIN plant.work_order ON work_order.work_order_id = run.work_order_id
WHERE run.run_id = %(run_id)s;

-- open_runs_of_order --
SELECT run_id FROM plant.run WHERE work_order_id = %(work_order_id)s AND to_time IS NULL ORDER BY run_id;

-- run_order --
SELECT work_order_id, equipment_id FROM plant.run WHERE run_id = %(run_id)s;

-- tags_of_run --
SELECT tag_id FROM plant.run_tag WHERE run_id = %(run_id)s AND NOT settled ORDER BY tag_id;

-- end_run --
UPDATE plant.run SET to_time = %(to_time)s WHERE run_id = %(run_id)s AND to_time IS NULL RETURNING from_time;

-- end_labor --
-- `known_as`: by the personnel number, else as the plant calls the person.
UPDATE plant.labor SET to_time = greatest(%(to_time)s, from_time)
WHERE run_id = %(run_id)s AND to_time IS NULL
RETURNING person, from_time, to_time,
          coalesce((SELECT personnel_number FROM plant.person AS known WHERE 'person:' || known.person_id = labor.person),
                   person) AS known_as;

-- begin_labor --
INSERT INTO plant.labor (run_id, person, from_time) VALUES (%(run_id)s, %(person)s, %(from_time)s) ON CONFLICT DO NOTHING;

-- lock_equipment --
SELECT equipment_id, path, name FROM plant.equipment WHERE path = %(path)s FOR NO KEY UPDATE;

-- counters_of_equipment --
-- Its counting tag first, then its reject counter.
SELECT counting.tag_id, counting.counts, reject.tag_id AS reject_tag_id
FROM plant.counting_tag AS counting
LEFT JOIN LATERAL (
    SELECT tag_id FROM plant.tag
    WHERE tag.device_id = counting.device_id AND tag.role = 'counter' AND tag.counts = 'reject'
    ORDER BY tag_id LIMIT 1
) AS reject ON true
JOIN plant.equipment USING (equipment_id)
LEFT JOIN plant.chosen_counting_tag AS chosen ON chosen.tag_id = counting.tag_id
WHERE equipment.path = %(path)s
ORDER BY chosen.tag_id IS NULL, array_position(ARRAY['parts', 'good', 'cycles'], counting.counts), counting.tag_id
LIMIT 1;

-- open_run_at --
SELECT run_id, number FROM plant.run JOIN plant.work_order USING (work_order_id)
WHERE equipment_id = %(equipment_id)s AND to_time IS NULL;

-- moment --
-- Now, after all locks: not before the station's last run ended, nor before a reading that was looked at.
SELECT greatest(clock_timestamp(),
                (SELECT max(to_time) FROM plant.run WHERE equipment_id = %(equipment_id)s),
                (SELECT max(ts) FROM plant.counted_tag WHERE tag_id = ANY (%(tag_ids)s)),
                (SELECT max(setting.from_time) FROM plant.run_setting AS setting JOIN plant.run USING (run_id)
                 WHERE run.equipment_id = %(equipment_id)s AND run.to_time IS NULL)) AS now;

-- add_run --
INSERT INTO plant.run (operation_id, work_order_id, equipment_id, tag_id, from_time, count_source, setup_parts)
VALUES (%(operation_id)s, %(work_order_id)s, %(equipment_id)s, %(tag_id)s, %(from_time)s, %(count_source)s,
        %(setup_parts)s)
RETURNING run_id;

-- add_run_tag --
INSERT INTO plant.run_tag (run_id, tag_id, counts, among_parts)
VALUES (%(run_id)s, %(tag_id)s, %(counts)s, %(among_parts)s);

-- set_from --
INSERT INTO plant.run_setting (run_id, from_time, phase, cavities, blocked, cycles)
VALUES (%(run_id)s, %(from_time)s, %(phase)s, %(cavities)s, %(blocked)s, %(cycles)s)
ON CONFLICT (run_id, from_time) DO UPDATE
SET phase = excluded.phase, cavities = excluded.cavities, blocked = excluded.blocked, cycles = excluded.cycles;

-- last_setting --
SELECT from_time, phase, cavities, blocked, cycles FROM plant.run_setting
WHERE run_id = %(run_id)s ORDER BY from_time DESC LIMIT 1;

-- tell --
-- By the Event that told it, and the totals.
WITH one AS (
    SELECT * FROM jsonb_to_recordset(%(told)s::jsonb)
        AS one (run_id bigint, kind text, reason text, event_id uuid, quantity numeric)
), total AS (
    INSERT INTO plant.run_told_total AS known (run_id, kind, reason, quantity)
    SELECT run_id, kind, reason, sum(quantity) FROM one GROUP BY run_id, kind, reason
    ON CONFLICT (run_id, kind, reason) DO UPDATE SET quantity = known.quantity + excluded.quantity
)
INSERT INTO plant.run_told AS known (run_id, kind, reason, event_id, quantity)
SELECT run_id, kind, reason, event_id, quantity FROM one
ON CONFLICT (run_id, kind, reason, event_id) DO UPDATE SET quantity = known.quantity + excluded.quantity;

-- told_by_event --
-- What is left of what each Event told of a run, the newest first.
SELECT run_told.kind, run_told.reason, event_id, run_told.quantity
FROM plant.run_told JOIN plant.event USING (event_id)
WHERE run_id = %(run_id)s
ORDER BY event.recorded_time DESC, event.event_id;

-- untell --
-- Its documents never went out.
WITH gone AS (
    DELETE FROM plant.run_told WHERE run_id = %(run_id)s AND event_id = %(event_id)s RETURNING kind, reason, quantity
), total AS (  -- `others`: whether anything else of it was told; nothing is no total.
    SELECT gone.kind, gone.reason, sum(gone.quantity) AS quantity,
           EXISTS (SELECT FROM plant.run_told AS other WHERE other.run_id = %(run_id)s AND other.kind = gone.kind
                   AND other.reason = gone.reason AND other.event_id <> %(event_id)s) AS others
    FROM gone GROUP BY gone.kind, gone.reason
), ended AS (
    DELETE FROM plant.run_told_total AS known USING total
    WHERE known.run_id = %(run_id)s AND known.kind = total.kind AND known.reason = total.reason AND NOT total.others
)
UPDATE plant.run_told_total AS known SET quantity = known.quantity - total.quantity FROM total
WHERE known.run_id = %(run_id)s AND known.kind = total.kind AND known.reason = total.reason AND total.others;

-- untold_ranges --
SELECT device.name AS device, tag.name AS tag, tag_id, lower(span) AS odometer_from, upper(span) AS odometer_to
FROM (
    SELECT tag_id, unnest(booked - coalesce(told, '{}')) AS span
    FROM (SELECT tag_id, range_agg(numrange(odometer_from, odometer_to, '(]')) AS booked
          FROM plant.booking WHERE run_id = %(run_id)s GROUP BY tag_id) AS booking
    LEFT JOIN (SELECT tag_id, range_agg(numrange(odometer_from, odometer_to, '(]')) AS told
               FROM plant.told_range WHERE run_id = %(run_id)s GROUP BY tag_id) AS told USING (tag_id)
) AS untold
JOIN plant.tag USING (tag_id)
JOIN plant.device USING (device_id)
WHERE tag.counts <> 'reject'
ORDER BY tag_id, odometer_from;

-- tell_ranges --
INSERT INTO plant.told_range (tag_id, odometer_from, odometer_to, run_id, event_id)
SELECT one.* FROM jsonb_to_recordset(%(ranges)s::jsonb)
    AS one (tag_id int, odometer_from numeric, odometer_to numeric, run_id bigint, event_id uuid);

-- forget_told_ranges --
DELETE FROM plant.told_range WHERE run_id = %(run_id)s AND event_id = %(event_id)s
RETURNING tag_id, odometer_from, odometer_to;

-- event --
SELECT kind, facts, actor, recorded_time, refused FROM plant.event WHERE event_id = %(event_id)s;

-- withdraw_documents --
-- What nobody has claimed yet and nobody may: it becomes a word about the order's state, so that its number stays.
UPDATE plant.outbox SET kind = 'order_progress', body = %(body)s::jsonb
WHERE event_id = %(event_id)s AND kind IN ('completion', 'scrap') AND not_before > now()
RETURNING outbox_id;

-- documents_of_event --
SELECT count(*) AS waiting FROM plant.outbox WHERE event_id = %(event_id)s AND kind IN ('completion', 'scrap');

-- entries_of_event --
-- What it said itself, without what it took back of another.
SELECT run_id, work_order_id, kind, quantity, among_rejects, reason FROM plant.production_entry
WHERE event_id = %(event_id)s AND reverses IS NULL ORDER BY line;

-- is_reversed --
SELECT 1 FROM plant.production_entry WHERE reverses = %(event_id)s LIMIT 1;

-- device_is_online --
SELECT device.online FROM plant.tag JOIN plant.device USING (device_id) WHERE tag_id = %(tag_id)s;

-- runs --
SELECT run.run_id, run.operation_id, run.work_order_id, work_order.number, item.code AS item, item.name_en, item.name_zh,
       operation.position, operation.name_en AS operation_en, operation.name_zh AS operation_zh, equipment.path,
       run.from_time, run.to_time, run.count_source, run.setup_parts, run.booked_made, run.booked_scrap,
       run.booked_rejected, run.booked_setup, run.entered_good, run.entered_scrap, run.entered_rework, run.among_rejects,
       work_order.item_revision AS revision, work_order.quantity, work_order.unit, work_order.good AS order_good,
       setting.phase, setting.cavities, setting.blocked, setting.cycles,
       (SELECT coalesce(sum(odometer.total - coalesce(counted_tag.position, 0)), 0)
        FROM plant.run_tag JOIN plant.odometer USING (tag_id) LEFT JOIN plant.counted_tag USING (tag_id)
        WHERE run_tag.run_id = run.run_id AND run.to_time IS NULL AND run_tag.tag_id = run.tag_id) AS not_yet_booked,
       (SELECT coalesce(array_agg(person ORDER BY from_time), '{}') FROM plant.labor
        WHERE labor.run_id = run.run_id AND labor.to_time IS NULL) AS people
FROM plant.run
JOIN plant.operation USING (operation_id)
JOIN plant.work_order ON work_order.work_order_id = run.work_order_id
JOIN plant.item USING (item_id)
JOIN plant.equipment USING (equipment_id)
JOIN LATERAL (SELECT * FROM plant.run_setting WHERE run_setting.run_id = run.run_id
              ORDER BY from_time DESC LIMIT 1) AS setting ON true
WHERE (%(run_id)s::bigint IS NULL OR run.run_id = %(run_id)s) AND run.run_id > %(after)s
  AND (%(path)s::text IS NULL OR equipment.path = %(path)s)
  AND (%(work_order_id)s::bigint IS NULL OR run.work_order_id = %(work_order_id)s)
  AND (NOT %(open)s OR run.to_time IS NULL)
ORDER BY run.run_id LIMIT %(limit)s;

-- entries_of_run --
SELECT event_id, line, kind, quantity, among_rejects, reason, actor, event_time, recorded_time, reverses
FROM plant.production_entry WHERE run_id = %(run_id)s ORDER BY recorded_time DESC, event_id, line LIMIT %(limit)s;

-- pinned_of_run --
SELECT item.code AS item, work_order.item_revision AS revision
FROM plant.run JOIN plant.work_order USING (work_order_id) JOIN plant.item USING (item_id) WHERE run_id = %(run_id)s;

-- not_assigned --
-- Of counters that say what is made; what a reject counter showed meanwhile goes with them.
SELECT waiting.tag_id, device.name AS device, tag.name AS tag, equipment.path, waiting.odometer_from,
       waiting.odometer_to, waiting.odometer_to - waiting.odometer_from AS steps, waiting.from_ts, waiting.to_ts,
       waiting.reason, waiting.proposed_run_id, tag.counts
FROM plant.not_assigned AS waiting
JOIN plant.tag USING (tag_id)
JOIN plant.device USING (device_id)
LEFT JOIN plant.counting_tag AS counting ON counting.tag_id = waiting.tag_id
LEFT JOIN plant.equipment USING (equipment_id)
WHERE tag.counts <> 'reject' AND (%(path)s::text IS NULL OR equipment.path = %(path)s)
ORDER BY waiting.to_ts DESC, waiting.tag_id LIMIT %(limit)s;

-- lock_not_assigned --
SELECT odometer_from, odometer_to, from_ts, to_ts, reason, proposed_run_id FROM plant.not_assigned
WHERE tag_id = %(tag_id)s AND odometer_from <= %(odometer_from)s AND odometer_to >= %(odometer_to)s FOR UPDATE;

-- take_not_assigned --
DELETE FROM plant.not_assigned WHERE tag_id = %(tag_id)s AND odometer_from = %(odometer_from)s;

-- put_not_assigned --
INSERT INTO plant.not_assigned (tag_id, odometer_from, odometer_to, from_ts, to_ts, reason, proposed_run_id)
VALUES (%(tag_id)s, %(odometer_from)s, %(odometer_to)s, %(from_ts)s, %(to_ts)s, %(reason)s, %(proposed_run_id)s);

-- total_at --
SELECT coalesce(max(total), 0) AS total FROM plant.odometer_log WHERE tag_id = %(tag_id)s AND ts <= %(ts)s;

-- reading_of --
-- When the odometer first stood at or above a total.
SELECT ts FROM plant.odometer_log
WHERE tag_id = %(tag_id)s AND total >= %(total)s AND ts BETWEEN %(from_ts)s AND %(to_ts)s ORDER BY ts LIMIT 1;

-- run_with_tag --
SELECT run.*, run_tag.counts, run_tag.among_parts FROM plant.run JOIN plant.run_tag USING (run_id)
WHERE run.run_id = %(run_id)s AND run_tag.tag_id = %(tag_id)s;

-- count_cases --
SELECT count_case.kind, count_case.run_id, count_case.odometer_from, count_case.quantity, count_case.opened_time,
       count_case.settled_time, count_case.settled_by, count_case.note, work_order.number, equipment.path
FROM plant.count_case
JOIN plant.run USING (run_id)
JOIN plant.work_order USING (work_order_id)
JOIN plant.equipment USING (equipment_id)
WHERE NOT %(open)s OR count_case.settled_time IS NULL
ORDER BY count_case.opened_time DESC LIMIT %(limit)s;

-- choose_counting_tag --
INSERT INTO plant.chosen_counting_tag (equipment_id, tag_id) VALUES (%(equipment_id)s, %(tag_id)s)
ON CONFLICT (equipment_id) DO UPDATE SET tag_id = excluded.tag_id;

-- counter_of_equipment --
SELECT tag.tag_id FROM plant.tag
JOIN plant.equipment_proposal AS accepted ON accepted.device_id = tag.device_id AND accepted.state = 'accepted'
WHERE accepted.equipment_id = %(equipment_id)s AND tag.tag_id = %(tag_id)s AND tag.role = 'counter'
  AND tag.counts IN ('parts', 'good', 'cycles');

-- raise_overlap --
INSERT INTO plant.alarm (kind, subject, detail) VALUES ('booking_overlap', %(tag_id)s::text, %(detail)s)
ON CONFLICT DO NOTHING;
-- open_runs_of_operation --
SELECT (SELECT count(*) FROM plant.run WHERE run.operation_id = operation.operation_id AND to_time IS NULL) AS count, state
FROM plant.operation WHERE operation_id = %(operation_id)s;

-- open_run_ids_of_operation --
SELECT run_id FROM plant.run WHERE operation_id = %(operation_id)s AND to_time IS NULL ORDER BY run_id;
