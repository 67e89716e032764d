-- equipment --
SELECT equipment_id, path FROM plant.equipment WHERE path = %(path)s;

-- begin --
-- Since when the shift that ends is told: the hand-over before, if there was one within the longest span.
SELECT coalesce(max(to_time), %(earliest)s) AS from_time FROM plant.hand_over
WHERE equipment_id = %(equipment_id)s AND to_time > %(earliest)s;

-- booked --
-- Parts of bookings within the span. A booking grows over hours: of one that began before the span, what the counter had
-- counted by then is taken off.
SELECT run.run_id, booking.kind, run_tag.counts,
       sum(parts - floor(parts * before.steps / (odometer_to - odometer_from)))::bigint AS parts
FROM plant.run
JOIN plant.booking ON booking.run_id = run.run_id
JOIN plant.run_tag ON run_tag.run_id = run.run_id AND run_tag.tag_id = booking.tag_id
CROSS JOIN LATERAL (
    SELECT least(greatest(coalesce((SELECT log.total FROM plant.odometer_log AS log
                                    WHERE log.tag_id = booking.tag_id AND log.ts <= %(from_time)s
                                    ORDER BY log.ts DESC LIMIT 1), 0) - odometer_from, 0),
                 odometer_to - odometer_from) AS steps) AS before
WHERE run.equipment_id = %(equipment_id)s AND booking.to_ts > %(from_time)s
  AND (run.to_time IS NULL OR run.to_time > %(from_time)s)
GROUP BY run.run_id, booking.kind, run_tag.counts;

-- entered --
SELECT run_id, entry.kind, entry.reason, entry.among_rejects, sum(entry.quantity) AS quantity, reason.name_en, reason.name_zh
FROM plant.run
JOIN plant.production_entry AS entry USING (run_id)
LEFT JOIN plant.reason ON reason.kind = entry.kind AND reason.code = entry.reason
WHERE run.equipment_id = %(equipment_id)s AND entry.event_time >= %(from_time)s
GROUP BY run_id, entry.kind, entry.reason, entry.among_rejects, reason.name_en, reason.name_zh
ORDER BY run_id, entry.kind, sum(entry.quantity) DESC;

-- runs --
SELECT run_id, work_order_id, number, item.code AS item, item.name_en, item.name_zh, run.count_source
FROM plant.run
JOIN plant.work_order USING (work_order_id)
JOIN plant.item USING (item_id)
WHERE run.equipment_id = %(equipment_id)s AND (run.to_time IS NULL OR run.to_time > %(from_time)s)
ORDER BY run.from_time;

-- stop_reasons --
SELECT code, name_en, name_zh FROM plant.reason WHERE kind = 'stop';

-- questions --
SELECT (SELECT coalesce(sum(odometer_to - odometer_from), 0)::bigint
        FROM plant.not_assigned JOIN plant.counting_tag USING (tag_id)
        WHERE counting_tag.equipment_id = %(equipment_id)s) AS parts_not_assigned,
       (SELECT count(*) FROM plant.count_case JOIN plant.run USING (run_id)
        WHERE run.equipment_id = %(equipment_id)s AND settled_time IS NULL) AS count_cases,
       (SELECT count(*) FROM plant.andon_call JOIN plant.equipment USING (path)
        WHERE equipment.equipment_id = %(equipment_id)s AND ended_time IS NULL) AS calls_open,
       (SELECT run_id FROM plant.run WHERE equipment_id = %(equipment_id)s AND to_time IS NULL) AS run_id;

-- add --
INSERT INTO plant.hand_over (event_id, equipment_id, from_time, to_time, note, summary, written_by)
VALUES (%(event_id)s, %(equipment_id)s, %(from_time)s, %(to_time)s, %(note)s, %(summary)s::jsonb, %(written_by)s)
RETURNING hand_over_id;

-- lock --
SELECT equipment_id, written_by, read_by FROM plant.hand_over WHERE hand_over_id = %(hand_over_id)s FOR UPDATE;

-- read --
UPDATE plant.hand_over SET read_by = %(person_id)s, read_time = %(time)s WHERE hand_over_id = %(hand_over_id)s;

-- open_run --
SELECT run_id, EXISTS (SELECT FROM plant.labor WHERE labor.run_id = run.run_id AND labor.to_time IS NULL
                       AND person = %(actor)s) AS works
FROM plant.run WHERE equipment_id = %(equipment_id)s AND to_time IS NULL;

-- hand_overs --
SELECT hand_over_id, equipment.path AS equipment, note, summary, written_by, person.name AS written_by_name,
       person.name_zh AS written_by_name_zh, read_by, read_time
FROM plant.hand_over
JOIN plant.equipment USING (equipment_id)
JOIN plant.person ON person.person_id = hand_over.written_by
WHERE (%(path)s::text IS NULL OR equipment.path = %(path)s) AND (NOT %(unread)s OR read_by IS NULL)
  AND (%(before)s::bigint IS NULL OR hand_over_id < %(before)s)
ORDER BY hand_over_id DESC LIMIT %(limit)s;
