-- stop_writers --
-- Whoever counts, books or reports waits until this is through; readers do not.
LOCK TABLE plant.work_order, plant.run, plant.counted_tag IN EXCLUSIVE MODE;

-- forget --
WITH ranges AS (DELETE FROM plant.booking), waiting AS (DELETE FROM plant.not_assigned),
     entries AS (DELETE FROM plant.production_entry), cases AS (DELETE FROM plant.count_case),
     told AS (DELETE FROM plant.run_told), told_totals AS (DELETE FROM plant.run_told_total), told_ranges AS (DELETE FROM plant.told_range),
     tags AS (UPDATE plant.counted_tag SET position = 0, ts = NULL),
     runs AS (UPDATE plant.run SET booked_made = 0, booked_scrap = 0, booked_rejected = 0, booked_setup = 0,
                     entered_good = 0, entered_scrap = 0, entered_rework = 0, among_rejects = 0),
     steps AS (UPDATE plant.operation SET made = 0, good = 0, scrap = 0, rework = 0, state = 'pending')
UPDATE plant.work_order SET made = 0, good = 0, scrap = 0, rework = 0, state = 'planned', has_started = false;

-- number_of_facts --
SELECT count(*) AS events FROM plant.event
WHERE NOT refused AND facts ?| ARRAY['bookings', 'left', 'taken', 'unbooked', 'entries', 'told', 'told_ranges', 'forgotten',
                                     'untold', 'cut', 'cases', 'differences', 'surpluses', 'settled_late', 'settled_case',
                                     'orders', 'operations'];

-- facts --
SELECT event_id::text, facts FROM plant.event
WHERE NOT refused AND facts ?| ARRAY['bookings', 'left', 'taken', 'unbooked', 'entries', 'told', 'told_ranges', 'forgotten',
                                     'untold', 'cut', 'cases', 'differences', 'surpluses', 'settled_late', 'settled_case',
                                     'orders', 'operations']
ORDER BY recorded_time, event_id;

-- order_state --
UPDATE plant.work_order SET state = %(state)s, has_started = %(has_started)s WHERE work_order_id = %(work_order_id)s;

-- operation_state --
UPDATE plant.operation SET state = %(state)s WHERE operation_id = %(operation_id)s;

-- count_source --
SELECT count_source FROM plant.run WHERE run_id = %(run_id)s;

-- settle_runs --
UPDATE plant.run_tag SET settled = coalesce(run.to_time < counted_tag.ts, false)
FROM plant.run, plant.counted_tag
WHERE run.run_id = run_tag.run_id AND counted_tag.tag_id = run_tag.tag_id;
