-- The read-only contract of boards: schema bi, role lineside_bi. A view's columns keep their names, units and meaning; new
-- ones are added at the end. Each row says as of when it is true. Times are in seconds, energy in Wh, moments in UTC.
SET ROLE lineside_plant;

-- Where devices and meters stand, and their line: the path without its last part. OFFSET 0: worked out once a device, not once
-- a row of what is joined to it.
CREATE VIEW plant.device_line AS
SELECT place.device_id, place.name, place.equipment_id, place.path,
       coalesce(nullif(regexp_replace(place.path, '/[^/]+$', ''), place.path), '') AS line, edge.last_message
FROM plant.device_place AS place
JOIN plant.device USING (device_id)
JOIN plant.edge USING (edge_id)
OFFSET 0;
CREATE VIEW plant.meter_line AS
SELECT meter.tag_id, meter.device, meter.path,
       coalesce(nullif(regexp_replace(meter.path, '/[^/]+$', ''), meter.path), '') AS line, odometer.ts AS read_time
FROM plant.energy_meter AS meter
LEFT JOIN plant.odometer USING (tag_id)
OFFSET 0;

CREATE OR REPLACE VIEW bi.tag_minute AS
SELECT place.path, place.name AS device, tag.name AS tag, tag.role, tag.unit, rollup.minute, rollup.n, rollup.n_bad,
       rollup.s / nullif(rollup.n, 0) AS average, rollup.min_value, rollup.max_value, place.line, last.received_time AS as_of
FROM plant.rollup_1m AS rollup
JOIN plant.tag USING (tag_id)
JOIN plant.device_line AS place USING (device_id)
LEFT JOIN plant.last_value AS last USING (tag_id);
COMMENT ON VIEW bi.tag_minute IS 'How did each tag run, minute by minute? Average, lowest and highest good value in the unit of the tag; as_of: when a value of it last came';

CREATE VIEW bi.machine AS
SELECT machine.name AS machine, machine.path, place.line, present.state, present.from_ts AS state_since,
       place.last_message AS as_of, extract(epoch FROM now() - place.last_message)::float8 AS age_s
FROM plant.machine
JOIN plant.device_line AS place USING (device_id)
LEFT JOIN LATERAL (SELECT state, from_ts FROM plant.machine_state_interval AS i
                   WHERE i.device_id = machine.device_id ORDER BY i.from_ts DESC LIMIT 1) AS present ON true;
COMMENT ON VIEW bi.machine IS 'What does each machine do now? state: the last known one, true as of as_of, when its edge was last heard';

CREATE VIEW bi.shift AS
SELECT code AS shift, name_en, name_zh, business_date, from_ts, to_ts, is_stated, now() AS as_of FROM plant.shift;
COMMENT ON VIEW bi.shift IS 'When was and is the plant meant to work? is_stated false: whole days, as nobody stated shifts';

CREATE VIEW bi.machine_state AS
SELECT place.name AS machine, place.path, place.line,
       i.state, i.from_ts, i.to_ts, place.last_message AS as_of
FROM plant.machine_state_interval AS i
JOIN plant.device_line AS place USING (device_id);
COMMENT ON VIEW bi.machine_state IS 'What did each machine do, from when to when? to_ts null: still, as of as_of';

CREATE VIEW bi.stop AS
SELECT stop.stop_id, place.name AS machine, place.path,
       place.line, piece.from_ts, piece.to_ts,
       extract(epoch FROM coalesce(piece.to_ts, now()) - piece.from_ts)::float8 AS duration_s, piece.reason,
       reason.name_en, reason.name_zh, CASE WHEN piece.reason IS NOT NULL THEN coalesce(reason_time.stop_time, 'unplanned') END AS stop_time,
       coalesce(stop.to_ts, now()) - stop.from_ts < make_interval(secs => stop.micro_below_s) AS is_micro,
       place.last_message AS as_of, tstzrange(piece.from_ts, piece.to_ts) AS span
FROM plant.stop_piece AS piece
JOIN plant.stop USING (stop_id)
JOIN plant.device_line AS place USING (device_id)
LEFT JOIN plant.reason ON reason.kind = 'stop' AND reason.code = piece.reason
LEFT JOIN plant.stop_reason_time AS reason_time ON reason_time.code = piece.reason;
-- What nobody explained is asked for by itself, and is the smaller part.
CREATE INDEX stop_piece_unexplained ON plant.stop_piece USING gist (tstzrange(from_ts, to_ts)) WHERE reason IS NULL;
COMMENT ON VIEW bi.stop IS 'What stood still, from when to when, and why? A row is a part of a stop with one reason; reason null: nobody said why; is_micro: shorter than the threshold, needs no reason; to_ts null: still standing; span: [from_ts, to_ts), indexed: ask span && tstzrange(begin, end)';

CREATE VIEW bi.machine_hour AS
SELECT place.name AS machine, place.path, place.line,
       hour.from_ts, hour.to_ts, shift.business_date, shift.code AS shift, shift.from_ts AS shift_from, shift.to_ts AS shift_to,
       hour.producing_s, hour.setup_s, hour.unplanned_s, hour.blocked_s, hour.unexplained_s, hour.planned_s, hour.unknown_s,
       CASE WHEN hour.shift_id IS NULL THEN 0
            ELSE producing_s + setup_s + unplanned_s + blocked_s + unexplained_s END AS planned_busy_s,
       hour.made::float8, (hour.made - hour.scrap - hour.rework)::float8 AS good, hour.scrap::float8, hour.rework::float8,
       hour.not_assigned::float8, hour.planned_run_s, hour.unrated::float8, hour.as_of
FROM plant.machine_hour AS hour
JOIN plant.device_line AS place USING (device_id)
LEFT JOIN plant.shift USING (shift_id);
COMMENT ON VIEW bi.machine_hour IS 'The ground of OEE, to be added up: an hour (UTC) of a machine, cut where a shift begins or ends. Times in s, parts in the unit of the item. Add the sums first and divide then: an average of ratios is wrong';
COMMENT ON COLUMN bi.machine_hour.producing_s IS 'APT, actual production time: state producing';
COMMENT ON COLUMN bi.machine_hour.setup_s IS 'AUST, actual unit set-up time: stopped with a reason of kind setup, or in state setup without any reason';
COMMENT ON COLUMN bi.machine_hour.unplanned_s IS 'Stood with a reason of kind unplanned, or of no kind';
COMMENT ON COLUMN bi.machine_hour.unexplained_s IS 'Stood, and nobody said why; micro-stops are in it';
COMMENT ON COLUMN bi.machine_hour.planned_s IS 'Stood with a reason of kind planned; where no shifts are stated also off and maintenance without a reason. Not planned busy time';
COMMENT ON COLUMN bi.machine_hour.unknown_s IS 'Nobody knows what it did: in no ratio, shown beside it';
COMMENT ON COLUMN bi.machine_hour.planned_busy_s IS 'PBT, planned busy time = producing + setup + unplanned + blocked + unexplained, within shifts; outside shifts 0';
COMMENT ON COLUMN bi.machine_hour.made IS 'PQ, produced quantity of runs = good + scrap + rework';
COMMENT ON COLUMN bi.machine_hour.good IS 'GQ, good quantity = made - scrap - rework';
COMMENT ON COLUMN bi.machine_hour.not_assigned IS 'Steps of the counter that belong to no run: in no ratio, shown beside it';
COMMENT ON COLUMN bi.machine_hour.planned_run_s IS 'PRI x PQ: made times planned run time per item of the operation';
COMMENT ON COLUMN bi.machine_hour.unrated IS 'Of made: parts of operations without a planned run time. While not 0, effectiveness and OEE are too low';

CREATE VIEW bi.oee_shift AS
SELECT place.name AS machine, place.path, place.line,
       shift.business_date, shift.code AS shift, summed.shift_from, shift.to_ts AS shift_to,
       planned_busy_s, producing_s, setup_s, unplanned_s, blocked_s, unexplained_s, planned_s, unknown_s,
       made::float8, (made - scrap - rework)::float8 AS good, scrap::float8, rework::float8, not_assigned::float8, planned_run_s,
       unrated::float8,
       producing_s / nullif(planned_busy_s, 0) AS availability,
       rated_run_s / nullif(producing_s, 0) AS effectiveness,
       ((made - scrap - rework) / nullif(made, 0))::float8 AS quality_ratio,
       rated_run_s / nullif(planned_busy_s, 0) * ((made - scrap - rework) / nullif(made, 0))::float8 AS oee,
       (producing_s + setup_s) / nullif(planned_busy_s, 0) * rated_run_s / nullif(producing_s, 0)
       * ((made - scrap - rework) / nullif(made, 0))::float8 AS nee,
       summed.as_of
FROM (
    SELECT hour.device_id, shift.shift_id, shift.from_ts AS shift_from,
           sum(producing_s + setup_s + unplanned_s + blocked_s + unexplained_s) AS planned_busy_s, sum(producing_s) AS producing_s,
           sum(setup_s) AS setup_s, sum(unplanned_s) AS unplanned_s, sum(blocked_s) AS blocked_s,
           sum(unexplained_s) AS unexplained_s, sum(planned_s) AS planned_s, sum(unknown_s) AS unknown_s, sum(made) AS made,
           sum(scrap) AS scrap, sum(rework) AS rework, sum(not_assigned) AS not_assigned, sum(planned_run_s) AS planned_run_s,
           sum(unrated) AS unrated, max(hour.as_of) AS as_of,
           CASE WHEN sum(made) = 0 OR sum(unrated) < sum(made) THEN sum(planned_run_s) END AS rated_run_s
    FROM plant.machine_hour AS hour JOIN plant.shift USING (shift_id)
    GROUP BY hour.device_id, shift.shift_id, shift.from_ts
) AS summed
JOIN plant.shift USING (shift_id)
JOIN plant.device_line AS place USING (device_id);
COMMENT ON VIEW bi.oee_shift IS 'How well was each machine used in each shift (ISO 22400)? Ratios from 0 to 1, null where there is nothing to divide by. Effectiveness above 1 means a wrong planned run time, and is shown as it is';
COMMENT ON COLUMN bi.oee_shift.availability IS 'APT / PBT = producing_s / planned_busy_s';
COMMENT ON COLUMN bi.oee_shift.effectiveness IS 'PRI x PQ / APT = planned_run_s / producing_s; null where parts were made and none had a planned run time';
COMMENT ON COLUMN bi.oee_shift.quality_ratio IS 'GQ / PQ = good / made';
COMMENT ON COLUMN bi.oee_shift.oee IS 'Availability x effectiveness x quality ratio = PRI x GQ / PBT';
COMMENT ON COLUMN bi.oee_shift.nee IS 'Net equipment effectiveness = AUPT / PBT x effectiveness x quality ratio, AUPT = APT + AUST: set-up is no loss';

CREATE VIEW bi.output_hour AS
SELECT machine, path, line, from_ts, to_ts, business_date, shift, made, good, scrap, rework, not_assigned, as_of FROM bi.machine_hour;
COMMENT ON VIEW bi.output_hour IS 'What came out, hour by hour? made = good + scrap + rework of runs; not_assigned: steps of the counter that belong to no run';

CREATE VIEW bi.not_assigned AS
SELECT place.name AS machine, place.path, place.line,
       tag.name AS tag, waiting.from_ts, waiting.to_ts, (waiting.odometer_to - waiting.odometer_from)::float8 AS steps,
       waiting.reason, now() AS as_of
FROM plant.not_assigned AS waiting JOIN plant.tag USING (tag_id) JOIN plant.device_line AS place USING (device_id);
COMMENT ON VIEW bi.not_assigned IS 'Which counts belong to no run and wait for a person? steps: as the counter counts';

CREATE VIEW bi.scrap AS
SELECT told.time, told.machine, told.path, coalesce(nullif(regexp_replace(told.path, '/[^/]+$', ''), told.path), '') AS line,
       told.work_order, told.item, told.kind, told.reason, reason.name_en, reason.name_zh, told.quantity::float8, now() AS as_of
FROM (
    SELECT entry.event_time AS time, coalesce(machine.name, equipment.name) AS machine, equipment.path, work_order.number AS work_order,
           item.code AS item, entry.kind, entry.reason, entry.quantity
    FROM plant.production_entry AS entry
    JOIN plant.run USING (run_id)
    JOIN plant.equipment USING (equipment_id)
    LEFT JOIN plant.machine ON machine.equipment_id = run.equipment_id AND machine.is_first
    JOIN plant.work_order ON work_order.work_order_id = entry.work_order_id
    JOIN plant.item USING (item_id)
    WHERE entry.kind IN ('scrap', 'rework')
    UNION ALL  -- Named among the rejects: taken off what the machine rejected without a name.
    SELECT entry.event_time AS time, coalesce(machine.name, equipment.name) AS machine, equipment.path, work_order.number AS work_order,
           item.code AS item, 'scrap'::text AS kind, 'machine_reject'::text AS reason, -entry.quantity AS quantity
    FROM plant.production_entry AS entry
    JOIN plant.run USING (run_id)
    JOIN plant.equipment USING (equipment_id)
    LEFT JOIN plant.machine ON machine.equipment_id = run.equipment_id AND machine.is_first
    JOIN plant.work_order ON work_order.work_order_id = entry.work_order_id
    JOIN plant.item USING (item_id)
    WHERE entry.among_rejects AND run.count_source <> 'operator'
    UNION ALL
    SELECT hour.from_ts AS time, place.name AS machine, place.path, NULL::text AS work_order, NULL::text AS item, 'scrap'::text AS kind,
           machine.reason, machine.quantity
    FROM plant.machine_hour AS hour
    JOIN plant.device_line AS place USING (device_id)
    CROSS JOIN LATERAL (VALUES ('machine_reject', hour.rejected), ('setup', hour.setup_scrap)) AS machine (reason, quantity)
    WHERE machine.quantity <> 0
) AS told
LEFT JOIN plant.reason ON reason.kind = told.kind AND reason.code = told.reason;
COMMENT ON VIEW bi.scrap IS 'What was scrapped or sent to rework, and why? Rows add up; a reversal is negative. machine_reject and setup: counted by machines, per hour and without an order; what people named of the rejects is taken off machine_reject';

CREATE VIEW bi.run AS
SELECT run.run_id, work_order.number AS work_order, item.code AS item, item.name_en AS item_en, item.name_zh AS item_zh,
       operation.position AS operation, operation.name_en AS operation_en, operation.name_zh AS operation_zh,
       equipment.name AS station, equipment.path,
       coalesce(nullif(regexp_replace(equipment.path, '/[^/]+$', ''), equipment.path), '') AS line, run.from_time, run.to_time,
       work_order.quantity::float8, operation.good::float8, operation.scrap::float8, operation.cycle_time_s::float8,
       CASE WHEN run.to_time IS NULL AND operation.cycle_time_s > 0
            THEN now() + greatest(work_order.quantity - operation.good, 0)::float8 * operation.cycle_time_s::float8 * interval '1 s'
       END AS expected_end, now() AS as_of
FROM plant.run
JOIN plant.operation USING (operation_id)
JOIN plant.work_order ON work_order.work_order_id = run.work_order_id
JOIN plant.item USING (item_id)
JOIN plant.equipment USING (equipment_id);
COMMENT ON VIEW bi.run IS 'What runs or ran where? to_time null: still; good, scrap: of the operation; expected_end = now + (quantity - good) x planned run time per item, without any stop';

CREATE VIEW bi.work_order AS
SELECT told.*, state IN ('planned', 'released', 'running', 'paused', 'held') AND due_time < as_of
               OR ended_time > due_time AND state <> 'cancelled' AS is_late,
       coalesce(due_time >= as_of AND expected_end > due_time, false) AS is_at_risk
FROM (
    SELECT work_order.number AS work_order, item.code AS item, item.name_en AS item_en, item.name_zh AS item_zh, work_order.state,
           work_order.quantity::float8, work_order.good::float8, work_order.scrap::float8, work_order.rework::float8,
           greatest(work_order.quantity - work_order.good, 0)::float8 AS remaining, work_order.unit, work_order.due_time,
           coalesce(work_order.person_priority, work_order.priority) AS priority, work_order.started_time, work_order.ended_time,
           CASE WHEN work_order.state IN ('released', 'running', 'paused', 'held') AND last.cycle_time_s > 0
                THEN now() + greatest(work_order.quantity - work_order.good, 0)::float8 * last.cycle_time_s::float8 * interval '1 s'
           END AS expected_end, now() AS as_of
    FROM plant.work_order
    JOIN plant.item USING (item_id)
    LEFT JOIN plant.operation AS last ON last.work_order_id = work_order.work_order_id AND last.is_last
) AS told;
COMMENT ON VIEW bi.work_order IS 'Which orders are late, or will be? is_late: open and due before now, or ended after it was due. is_at_risk: not late yet, but expected_end = now + remaining x planned run time of the last operation lies after due_time';

CREATE VIEW bi.energy_hour AS
SELECT meter.device AS meter, meter.path, meter.line, hour.hour AS from_ts, hour.hour + interval '1 hour' AS to_ts,
       hour.energy_wh::float8, meter.read_time AS as_of
FROM plant.meter_hour AS hour
JOIN plant.meter_line AS meter USING (tag_id);
COMMENT ON VIEW bi.energy_hour IS 'What did each meter count, hour by hour (UTC), in Wh? Odometer at the last reading <= the end of the hour less that at the last reading <= its beginning, so hours add up exactly. A meter below another one measures part of the same: add up one level only';

CREATE VIEW bi.energy_run AS
SELECT run.run_id, work_order.number AS work_order, item.code AS item, item.name_en AS item_en, item.name_zh AS item_zh,
       equipment.path, coalesce(nullif(regexp_replace(equipment.path, '/[^/]+$', ''), equipment.path), '') AS line,
       run.from_time, run.to_time, told.energy_wh::float8, told.meters,
       (CASE run.count_source WHEN 'operator' THEN run.entered_good
             ELSE run.booked_made - run.booked_rejected - run.entered_scrap - run.entered_rework END)::float8 AS good,
       told.told_time AS as_of
FROM plant.run_energy AS told
JOIN plant.run USING (run_id)
JOIN plant.work_order USING (work_order_id)
JOIN plant.item USING (item_id)
JOIN plant.equipment USING (equipment_id);
COMMENT ON VIEW bi.energy_run IS 'What energy did each ended run use, in Wh, and for how many good parts? Final: told once every meter was read after the end. meters 0: nobody measured it. Energy per good part = sum(energy_wh) / sum(good)';

CREATE VIEW bi.energy_balance AS
SELECT meter.device AS meter, meter.path, meter.line, balance.stored::float8 AS energy_wh, balance.booked::float8 AS runs_wh,
       balance.not_assigned::float8 AS unallocated_wh, meter.read_time AS as_of
FROM plant.energy_balance AS balance
JOIN plant.meter_line AS meter USING (tag_id);
COMMENT ON VIEW bi.energy_balance IS 'Since each meter was connected: what it counted, what ended runs were given, and what is nobody''s (idling, runs that go on, what no key names), in Wh. energy_wh = runs_wh + unallocated_wh';

CREATE VIEW bi.edge AS
SELECT edge.group_id, edge.node AS edge, edge.online, edge.last_message,
       extract(epoch FROM now() - edge.last_message)::float8 AS age_s, edge.clock_skew_s,
       extract(epoch FROM now() - newest.newest)::float8 AS stored_age_s, newest.newest AS stored_until,
       (SELECT count(*) FROM plant.device WHERE device.edge_id = edge.edge_id) AS devices,
       (SELECT count(*) FROM plant.device WHERE device.edge_id = edge.edge_id AND NOT device.online) AS devices_offline,
       now() AS as_of
FROM plant.edge
LEFT JOIN LATERAL (SELECT max(ts) AS newest FROM plant.last_value JOIN plant.tag USING (tag_id) JOIN plant.device USING (device_id)
                   WHERE device.edge_id = edge.edge_id AND NOT last_value.is_live) AS newest ON true;
COMMENT ON VIEW bi.edge IS 'Does each edge deliver? age_s since its last message; stored_age_s since the newest source time that is stored: what its spool still holds is younger; clock_skew_s: its clock less ours, more than 2 s is an alarm';

CREATE VIEW bi.ingest_minute AS
SELECT edge.group_id, edge.node AS edge, told.minute, told.commits, told.samples, told.lag_p50_s, told.lag_p95_s,
       told.minute + interval '1 minute' AS as_of
FROM plant.commit_minute AS told JOIN plant.edge USING (edge_id);
COMMENT ON VIEW bi.ingest_minute IS 'How much was stored in each minute, and how late? lag: stored_time less the newest source time of a commit, in s; while a backlog drains it is the age of the backlog';

CREATE VIEW bi.quarantine AS
SELECT edge.node AS edge, told.reason, told.received_time, told.rows, now() AS as_of
FROM (SELECT edge_id, reason, received_time, 1::bigint AS rows FROM plant.quarantine
      UNION ALL
      SELECT device.edge_id, sample.reason, sample.stored_time AS received_time, 1::bigint AS rows FROM plant.sample_quarantine AS sample
      JOIN plant.tag USING (tag_id) JOIN plant.device USING (device_id)) AS told
LEFT JOIN plant.edge USING (edge_id);
COMMENT ON VIEW bi.quarantine IS 'What could not be stored and is kept with its bytes? One row a message or sample';

CREATE VIEW bi.gap AS
SELECT edge.node AS edge, gap.device, gap.tag, gap.reason, gap.from_ts, gap.to_ts, gap.count::float8, gap.stored_time, now() AS as_of
FROM plant.gap JOIN plant.edge USING (edge_id);
COMMENT ON VIEW bi.gap IS 'What had an edge to drop: which tag, from when to when, how many readings? Null: nobody can know';

CREATE VIEW bi.odometer_case AS
SELECT place.name AS machine, place.path, tag.name AS tag, told.kind, told.from_ts, told.to_ts, told.at_least::float8,
       told.at_most::float8, told.believed::float8, told.state, told.opened_time, now() AS as_of
FROM plant.odometer_case AS told JOIN plant.tag USING (tag_id) JOIN plant.device_line AS place USING (device_id);
COMMENT ON VIEW bi.odometer_case IS 'Which counts are in doubt? Between two readings something from at_least to at_most was made; believed is in the total';

CREATE VIEW bi.alarm AS
SELECT kind, subject, detail, raised_time, cleared_time, now() AS as_of FROM plant.alarm;
COMMENT ON VIEW bi.alarm IS 'Which alarms were raised? cleared_time null: still on';

CREATE VIEW bi.outbox AS
SELECT kind, not_before, created_time, extract(epoch FROM now() - greatest(not_before, created_time))::float8 AS waiting_s, now() AS as_of
FROM plant.outbox;
COMMENT ON VIEW bi.outbox IS 'What waits for the bridge to fetch it? waiting_s below 0: its undo time is not over yet';

CREATE VIEW bi.database AS
SELECT pg_database_size(current_database())::float8 AS size_bytes,
       (SELECT count(*) FROM plant.dirty) AS minutes_to_make, (SELECT count(*) FROM plant.hour_dirty) AS hours_to_make,
       (SELECT count(*) FROM plant.unsealed) AS unsealed_events, now() AS as_of;
COMMENT ON VIEW bi.database IS 'How large is the database, and how far behind is the keeper? Rows of its to-do lists';

GRANT SELECT ON ALL TABLES IN SCHEMA bi TO lineside_bi;
GRANT USAGE, CREATE ON SCHEMA bi TO lineside_bridge;
RESET ROLE;

-- What the bridge sends is the bridge's to tell: it replaces these, which have no rows, when its tables are made.
SET ROLE lineside_bridge;
CREATE VIEW bi.erp_document AS
SELECT NULL::text AS connector, NULL::text AS kind, NULL::text AS work_order, NULL::text AS state, NULL::integer AS attempts,
       NULL::text AS problem, NULL::timestamptz AS event_time, NULL::timestamptz AS created_time,
       NULL::timestamptz AS finished_time, NULL::float8 AS waiting_s, now() AS as_of WHERE false;
COMMENT ON VIEW bi.erp_document IS 'What was told to which system, and what waits? state open, ready, sending: on its way; refused, unknown, modified: waits for a person; accepted, by_hand, skipped, cancelled: done. waiting_s since it was made, while it is not done. No rows: no bridge';
CREATE VIEW bi.erp_inbox AS
SELECT NULL::text AS system, NULL::text AS kind, NULL::text AS external_id, NULL::text AS state, NULL::text AS problem,
       NULL::timestamptz AS received_time, NULL::timestamptz AS answered_time, now() AS as_of WHERE false;
COMMENT ON VIEW bi.erp_inbox IS 'What did other systems tell us, and what is stopped or refused until a person mends it?';
GRANT SELECT ON bi.erp_document, bi.erp_inbox TO lineside_bi;
RESET ROLE;

-- Boards read, briefly. Whoever makes the role gives it a connection limit as well (schema/migrate.py).
SET ROLE lineside_bi;
ALTER ROLE lineside_bi SET default_transaction_read_only = on;
ALTER ROLE lineside_bi SET statement_timeout = '15s';
ALTER ROLE lineside_bi SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE lineside_bi SET timezone = 'UTC';
RESET ROLE;
