-- structure --
INSERT INTO plant.edge (group_id, node, online, last_message, clock_skew_s, bd_seq)
SELECT 'demo', 'edge' || n, true, %(end)s, 0.1 * n, 0 FROM generate_series(1, 3) AS n;

INSERT INTO plant.equipment (path, name)
SELECT format('demo/plant1/area1/line%%s/m%%s', 1 + (n - 1) %% 4, to_char(n, 'FM00')), 'm' || to_char(n, 'FM00')
FROM generate_series(1, %(machines)s) AS n;

INSERT INTO plant.device (edge_id, name, path, online)
SELECT edge_id, prefix || substr(equipment.name, 2), equipment.path, true
FROM plant.equipment CROSS JOIN (VALUES ('m'), ('e')) AS kind (prefix)
JOIN plant.edge ON edge.node = 'edge' || (1 + equipment_id %% 3)
ORDER BY equipment_id, prefix DESC;

INSERT INTO plant.equipment_proposal (device_id, path, state, equipment_id)
SELECT device_id, path, 'accepted', equipment_id FROM plant.device JOIN plant.equipment USING (path);

INSERT INTO plant.tag (device_id, name, datatype, role, unit, counts, vocabulary, width, rate_max)
SELECT device_id, told.name, told.datatype, told.role, told.unit, told.counts, told.vocabulary, 32, 100
FROM plant.device
JOIN (VALUES ('m', 'state', 3, 'state', NULL, NULL, 'cell'), ('m', 'parts', 3, 'counter', 'parts', 'parts', NULL),
             ('m', 'reject', 3, 'counter', 'parts', 'reject', NULL), ('m', 'power', 10, 'measurement', 'W', NULL, NULL),
             ('m', 'temperature', 10, 'measurement', 'Cel', NULL, NULL), ('m', 'pressure', 10, 'measurement', 'bar', NULL, NULL),
             ('m', 'speed', 10, 'speed', '1/min', NULL, NULL), ('m', 'vibration', 10, 'measurement', 'mm/s', NULL, NULL),
             ('m', 'current', 10, 'measurement', 'A', NULL, NULL), ('e', 'energy', 3, 'meter', 'Wh', NULL, NULL))
     AS told (kind, name, datatype, role, unit, counts, vocabulary) ON told.kind = left(device.name, 1)
ORDER BY device_id, told.name;

INSERT INTO plant.reason (kind, code, name_en, name_zh, stop_time)
VALUES ('stop', 'jam', 'Jam', '卡料', 'unplanned'), ('stop', 'tool', 'Tool change', '换模', 'setup'),
       ('stop', 'no_material', 'No material', '待料', 'blocked'), ('stop', 'break', 'Break', '休息', 'planned'),
       ('stop', 'breakdown', 'Breakdown', '故障', 'unplanned'), ('stop', 'cleaning', 'Cleaning', '清洁', 'unplanned'),
       ('scrap', 'burr', 'Burr', '毛刺', NULL), ('scrap', 'crack', 'Crack', '裂纹', NULL),
       ('scrap', 'size', 'Out of tolerance', '尺寸超差', NULL), ('rework', 'polish', 'Polish again', '重新抛光', NULL);

DELETE FROM plant.shift_pattern;
INSERT INTO plant.shift_pattern (code, name_en, name_zh, start_time, end_time)
VALUES ('early', 'Early shift', '早班', '06:00', '14:00'), ('late', 'Late shift', '中班', '14:00', '22:00'),
       ('night', 'Night shift', '夜班', '22:00', '06:00');

INSERT INTO plant.item (code, name_en, name_zh, unit)
SELECT 'PART-' || n, 'Bracket ' || n, '支架' || n, 'C62' FROM generate_series(1, 5) AS n;

-- states --
-- A machine works for 12 to 35 minutes, then stands for 1 to 13; the last interval is open.
INSERT INTO plant.machine_state_interval (device_id, state, from_ts, to_ts)
SELECT device_id, state, %(begin)s + ends - length, CASE WHEN %(begin)s + ends < %(end)s THEN %(begin)s + ends END
FROM (
    SELECT device_id, k, state, length, sum(length) OVER (PARTITION BY device_id ORDER BY k) AS ends
    FROM (
        SELECT device_id, k,
               CASE WHEN k %% 2 = 0 THEN 'producing'
                    ELSE (ARRAY['idle', 'stopped', 'fault', 'setup', 'stopped', 'idle', 'fault'])[1 + (k * 31 + device_id * 7) %% 7] END AS state,
               CASE WHEN k %% 2 = 0 THEN 12 + (k * 17 + device_id * 5) %% 24
                    ELSE 1 + (k * 13 + device_id * 11) %% 13 END * interval '1 min' AS length
        FROM plant.device CROSS JOIN generate_series(1, (%(days)s * 150)::int) AS k WHERE name LIKE 'm%%'
    ) AS spell
) AS laid
WHERE ends - length < %(end)s - %(begin)s;

INSERT INTO plant.stop (device_id, from_ts, to_ts, micro_below_s, states)
SELECT device_id, from_ts, to_ts, 120, ARRAY[state] FROM plant.machine_state_interval WHERE state <> 'producing';

INSERT INTO plant.stop_piece (stop_id, from_ts, to_ts, reason)
SELECT stop_id, from_ts, to_ts,
       (ARRAY['jam', 'tool', NULL, 'no_material', 'breakdown', 'break', 'jam', 'breakdown', NULL, 'cleaning'])[1 + stop_id %% 10]
FROM plant.stop;

-- counters --
-- A part every 52 s (planned are 30 s of production), every 40th a reject; meters 5 to 12 kWh an hour.
INSERT INTO plant.odometer_log (tag_id, ts, total)
SELECT tag_id, %(begin)s + n * %(step_s)s * interval '1 s',
       CASE WHEN role = 'meter' THEN n * %(step_s)s * (5000 + 350 * (tag_id %% 21)) / 3600
            WHEN counts = 'reject' THEN n * %(step_s)s / 52 / 40 ELSE n * %(step_s)s / 52 END
FROM plant.tag CROSS JOIN generate_series(0, (%(days)s * 86400 / %(step_s)s)::bigint) AS n
WHERE role IN ('counter', 'meter')
ORDER BY 1, 2;

INSERT INTO plant.odometer (tag_id, total, ts, state)
SELECT tag_id, max(total), max(ts), '{}' FROM plant.odometer_log GROUP BY tag_id;

INSERT INTO plant.meter_hour (tag_id, hour, energy_wh)
SELECT tag_id, hour, total - coalesce(lag(total) OVER (PARTITION BY tag_id ORDER BY hour), 0)
FROM (SELECT tag_id, date_trunc('hour', ts - interval '1 microsecond', 'UTC') AS hour, max(total) AS total
      FROM plant.odometer_log JOIN plant.tag USING (tag_id) WHERE role = 'meter' GROUP BY 1, 2) AS ends;

-- orders --
-- An order for every machine and eight hours; the last one runs, one in nine was late, some wait.
INSERT INTO plant.work_order (number, source, item_id, quantity, unit, ordered_quantity, ordered_unit, due_time, state, good, scrap, made,
                              started_time, ended_time)
SELECT format('MO-%%s-%%s', device.name, n), 'erp', 1 + (n + device_id) %% 5, 560, 'C62', 560, 'C62',
       ended + CASE WHEN n %% 9 = 0 THEN interval '-2 hours' ELSE interval '5 hours' END,
       CASE WHEN ended <= %(end)s THEN 'closed' ELSE 'running' END, 538, 15, 553, begun, CASE WHEN ended <= %(end)s THEN ended END
FROM plant.device
CROSS JOIN LATERAL (SELECT n, %(begin)s + (n * 8 + 4) * interval '1 hour' AS begun, %(begin)s + (n * 8 + 12) * interval '1 hour' AS ended
                    FROM generate_series(0, (%(days)s * 3 - 1)::int) AS n) AS eight
WHERE device.name LIKE 'm%%' AND begun < %(end)s;

INSERT INTO plant.work_order (number, source, item_id, quantity, unit, ordered_quantity, ordered_unit, due_time, state)
SELECT 'NEXT-' || n, 'erp', 1 + n %% 5, 500, 'C62', 500, 'C62', %(end)s + (n - 4) * interval '3 hours', 'released'
FROM generate_series(1, 12) AS n;

INSERT INTO plant.operation (work_order_id, position, name_en, name_zh, cycle_time_s, is_last, state, good, scrap, made)
SELECT work_order_id, 10, 'press', '冲压', 30, true, CASE WHEN state = 'closed' THEN 'completed' ELSE 'ready' END, good, scrap, made
FROM plant.work_order;

INSERT INTO plant.run (operation_id, work_order_id, equipment_id, tag_id, from_time, to_time, count_source, setup_parts)
SELECT operation_id, work_order_id, equipment_id, tag_id, work_order.started_time, work_order.ended_time, 'machine', 'scrap'
FROM plant.work_order
JOIN plant.operation USING (work_order_id)
JOIN plant.equipment ON equipment.name = split_part(work_order.number, '-', 2)
JOIN plant.device ON device.name = equipment.name
JOIN plant.tag ON tag.device_id = device.device_id AND tag.name = 'parts'
WHERE started_time IS NOT NULL;

INSERT INTO plant.run_tag (run_id, tag_id, counts, among_parts)
SELECT run_id, reject.tag_id, 'reject', true FROM plant.run JOIN plant.tag AS parts USING (tag_id)
JOIN plant.tag AS reject ON reject.device_id = parts.device_id AND reject.name = 'reject'
UNION ALL SELECT run_id, tag_id, 'parts', false FROM plant.run;

INSERT INTO plant.run_setting (run_id, from_time, phase, cavities, blocked, cycles)
SELECT run_id, from_time, 'production', 1, 0, 1 FROM plant.run;

-- bookings --
-- All but the first hour of every third run is booked; that hour waits for a person.
INSERT INTO plant.booking (tag_id, odometer_from, odometer_to, run_id, setting_time, from_ts, to_ts, parts, kind, by_person)
SELECT tag_id, begun, ended, run_id, from_time, begins, ends, ended - begun,
       CASE counts WHEN 'reject' THEN 'rejected' ELSE 'made' END, false
FROM (
    SELECT run_tag.tag_id, run_tag.counts, run.run_id, run.from_time, begins, ends,
           (SELECT max(total) FROM plant.odometer_log AS log WHERE log.tag_id = run_tag.tag_id AND ts <= begins) AS begun,
           (SELECT max(total) FROM plant.odometer_log AS log WHERE log.tag_id = run_tag.tag_id AND ts <= ends) AS ended
    FROM plant.run JOIN plant.run_tag USING (run_id)
    CROSS JOIN LATERAL (SELECT from_time + CASE WHEN run_id %% 3 = 0 THEN interval '1 hour' ELSE interval '0' END AS begins,
                               coalesce(to_time, %(end)s) AS ends) AS span
    WHERE begins < ends
) AS laid
WHERE ended > begun;

INSERT INTO plant.not_assigned (tag_id, odometer_from, odometer_to, from_ts, to_ts, reason, proposed_run_id)
SELECT tag_id, begun, ended, from_time, from_time + interval '1 hour', 'no_run', run_id
FROM (
    SELECT run.tag_id, run.run_id, run.from_time,
           (SELECT max(total) FROM plant.odometer_log AS log WHERE log.tag_id = run.tag_id AND ts <= from_time) AS begun,
           (SELECT max(total) FROM plant.odometer_log AS log WHERE log.tag_id = run.tag_id AND ts <= from_time + interval '1 hour') AS ended
    FROM plant.run WHERE run_id %% 3 = 0 AND from_time + interval '1 hour' < %(end)s
) AS laid
WHERE ended > begun;

INSERT INTO plant.counted_tag (tag_id, position, ts)
SELECT tag_id, total, ts FROM plant.odometer JOIN plant.tag USING (tag_id) WHERE role = 'counter';

UPDATE plant.run SET booked_made = sums.made, booked_rejected = sums.rejected
FROM (SELECT run_id, coalesce(sum(parts) FILTER (WHERE kind = 'made'), 0) AS made,
             coalesce(sum(parts) FILTER (WHERE kind = 'rejected'), 0) AS rejected FROM plant.booking GROUP BY run_id) AS sums
WHERE sums.run_id = run.run_id;

INSERT INTO plant.production_entry (event_id, line, run_id, work_order_id, kind, quantity, reason, actor, event_time, recorded_time)
SELECT gen_random_uuid(), 1, run_id, work_order_id, CASE WHEN run_id %% 7 = 0 THEN 'rework' ELSE 'scrap' END, 1 + run_id %% 5,
       CASE WHEN run_id %% 7 = 0 THEN 'polish' ELSE (ARRAY['burr', 'crack', 'size', 'burr'])[1 + run_id %% 4] END,
       'person:1', from_time + interval '3 hours', from_time + interval '3 hours'
FROM plant.run WHERE from_time + interval '3 hours' < %(end)s;

-- energy_of_runs --
INSERT INTO plant.run_energy (run_id, energy_wh, meters, event_id, told_time)
SELECT run_id, (36000 + 1000 * (run_id %% 9)), 1, gen_random_uuid(), to_time FROM plant.run WHERE to_time IS NOT NULL;
INSERT INTO plant.run_meter_energy (run_id, tag_id, energy_wh)
SELECT run_id, meter.tag_id, energy_wh FROM plant.run_energy JOIN plant.run USING (run_id)
JOIN plant.equipment USING (equipment_id) JOIN plant.energy_meter AS meter USING (path);
TRUNCATE plant.energy_to_tell;

-- minutes --
INSERT INTO plant.rollup_1m (tag_id, minute, n, n_bad, s, min_value, max_value, first_value, last_value)
SELECT tag_id, minute, 60, 0, 60 * average, average * 0.9, average * 1.1, average, average
FROM (
    SELECT tag_id, minute,
           20000 + 400 * (tag_id %% 50) + 9000 * sin(extract(epoch FROM minute) / 5000 + tag_id) AS average
    FROM plant.tag
    CROSS JOIN generate_series(%(begin)s::timestamptz, %(end)s::timestamptz - interval '1 min', '1 min') AS minute
    WHERE name = ANY (%(minute_tags)s)
) AS laid;

INSERT INTO plant.last_value (tag_id, ts, value, quality) SELECT tag_id, %(end)s, 42, 192 FROM plant.tag;

-- health --
INSERT INTO plant.commit_log (edge_id, epoch, first, last, samples, oldest, newest, stored_time)
SELECT edge_id, md5(node)::uuid, n * 60 + 1, n * 60 + 60, 3000 + n %% 400, stored - interval '2 s', stored - (0.05 + n %% 7 * 0.02) * interval '1 s', stored
FROM plant.edge CROSS JOIN LATERAL (
    SELECT n, %(begin)s + n * interval '1 min' + interval '10 s' AS stored
    FROM generate_series(0, (%(days)s * 1440 - 1)::int) AS n) AS minute;

INSERT INTO plant.commit_minute (edge_id, minute, commits, samples, lag_p50_s, lag_p95_s)
SELECT edge_id, date_trunc('minute', stored_time), count(*), sum(samples), min(extract(epoch FROM stored_time - newest)),
       max(extract(epoch FROM stored_time - newest))
FROM plant.commit_log GROUP BY edge_id, date_trunc('minute', stored_time);

INSERT INTO plant.gap (edge_id, epoch, first, last, reason, device, tag, from_ts, to_ts, count, stored_time)
SELECT edge_id, md5(node)::uuid, 100, 200, 'dropped', NULL, NULL, %(end)s - interval '3 days', %(end)s - interval '70 hours', 4211,
       %(end)s - interval '69 hours' FROM plant.edge WHERE node = 'edge1';
INSERT INTO plant.quarantine (edge_id, topic, payload, reason, detail, received_time)
SELECT edge_id, 'spBv1.0/demo/DDATA/edge2/m02', '\x00', 'undecodable', 'not a payload', %(end)s - n * interval '9 hours'
FROM plant.edge CROSS JOIN generate_series(1, 4) AS n WHERE node = 'edge2';
INSERT INTO plant.odometer_case (tag_id, number, kind, from_ts, to_ts, from_value, to_value, at_least, at_most, believed, opened_time)
SELECT tag_id, 1, 'restart', %(end)s - interval '5 hours', %(end)s - interval '299 min', 900, 4, 4, 12, 4, %(end)s - interval '299 min'
FROM plant.tag JOIN plant.device USING (device_id) WHERE device.name = 'm03' AND tag.name = 'parts';
INSERT INTO plant.alarm (kind, subject, detail, raised_time) VALUES
    ('clock_skew', 'edge3', 'its clock is 3.1 s ahead', %(end)s - interval '40 min');
INSERT INTO plant.outbox (event_id, kind, body, not_before, created_time)
SELECT gen_random_uuid(), 'completion', '{}', %(end)s - n * interval '2 min', %(end)s - n * interval '2 min' FROM generate_series(1, 3) AS n;
TRUNCATE plant.stop_dirty;

-- andon --
-- Every machine calls every four hours and is answered after 40 to 540 s; one in 23 calls is heard of late. Now one waits
-- for 4 min, and to another somebody comes.
INSERT INTO plant.andon_call (call_id, path, line, type, note, raised_by, raised_time, heard_time, is_late, state, acknowledged_by,
                              acknowledged_time, eta_time, ended_by, ended_time, level, version)
SELECT md5(format('%%s %%s', path, n))::uuid, path, regexp_replace(path, '/[^/]+$', ''),
       (ARRAY['material', 'quality', 'maintenance', 'lead', 'maintenance'])[1 + (n * 3 + equipment_id) %% 5], '',
       CASE WHEN n %% 5 = 0 THEN 'keeper' ELSE 'person:1' END, raised, raised + late, late > interval '0', 'resolved', 'person:2',
       raised + late + wait, raised + late + wait + interval '5 min', 'person:2', raised + late + wait + interval '12 min',
       CASE WHEN wait > interval '300 s' THEN 2 WHEN wait > interval '180 s' THEN 1 ELSE 0 END, 3
FROM plant.equipment
CROSS JOIN LATERAL (SELECT n, %(begin)s + n * interval '4 hours' + equipment_id * interval '7 min' AS raised,
                           CASE WHEN n %% 23 = 0 THEN interval '20 min' ELSE interval '0' END AS late,
                           (40 + (n * 37 + equipment_id * 11) %% 500) * interval '1 s' AS wait
                    FROM generate_series(0, (%(days)s * 6 - 1)::int) AS n) AS call
WHERE raised + interval '1 hour' < %(end)s;
INSERT INTO plant.andon_call (call_id, path, line, type, note, raised_by, raised_time, heard_time, is_late, state, acknowledged_by,
                              acknowledged_time, eta_time, level, version)
SELECT md5(path)::uuid, path, regexp_replace(path, '/[^/]+$', ''), 'maintenance', 'it smokes', 'person:1', raised, raised, false,
       CASE equipment_id WHEN 1 THEN 'open' ELSE 'acknowledged' END, CASE equipment_id WHEN 2 THEN 'person:2' END,
       CASE equipment_id WHEN 2 THEN raised + interval '75 s' END, CASE equipment_id WHEN 2 THEN raised + interval '10 min' END,
       CASE equipment_id WHEN 1 THEN 1 ELSE 0 END, 2
FROM plant.equipment CROSS JOIN (SELECT %(end)s - interval '4 min' AS raised) AS four WHERE equipment_id IN (1, 2);

-- The first edge has nothing waiting, the others have more and more.
INSERT INTO plant.edge_spool (edge_id, waiting, oldest_age_s, used_bytes, bound_bytes, disk_free_bytes, received_time)
SELECT edge_id, 1000 * (n - 1), nullif(600 * (n - 1), 0), n * 500000000, 2000000000, 40000000000 / n, %(end)s
FROM plant.edge CROSS JOIN LATERAL (SELECT substr(node, 5)::bigint AS n) AS told;

-- documents --
INSERT INTO bridge.document (document_id, connector, kind, lane, work_order, position, body, event_time, posting_date, state, problem,
                             attempts, created_time, finished_time)
SELECT gen_random_uuid(), 'core', (ARRAY['completion', 'consumption', 'scrap'])[1 + n %% 3], 'MO-' || n, 'MO-' || n, 1, '{}',
       %(end)s - n * interval '4 hours', current_date, (ARRAY['accepted', 'accepted', 'accepted', 'modified', 'refused', 'ready'])[1 + n %% 6],
       CASE WHEN n %% 6 = 4 THEN '{"code": "unmapped_code"}'::jsonb END, 1, %(end)s - n * interval '4 hours',
       CASE WHEN n %% 6 < 4 THEN %(end)s - n * interval '4 hours' + interval '1 s' END
FROM generate_series(0, 60) AS n;
INSERT INTO bridge.inbox (system, kind, external_id, revision, told, state, problem, received_time)
VALUES ('plm', 'bom', 'PART-9', '3', '{}', 'stopped', '{"code": "unmapped_code"}', %(end)s - interval '2 hours'),
       ('erp', 'work_order', 'MO-9', '1', '{}', 'done', NULL, %(end)s - interval '1 hour');
