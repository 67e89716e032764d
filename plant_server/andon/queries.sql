-- lock_place --
-- Who calls at one place for one thing waits for the one before, so that the second finds the first's call.
SELECT pg_advisory_xact_lock(hashtext('lineside.andon'), hashtext(%(path)s || ' ' || %(type)s));

-- place --
-- A machine, or what machines stand in. A line is a path below which there are machines and no other lines.
SELECT count(*) FILTER (WHERE path = %(path)s) > 0 AS is_machine
FROM plant.equipment WHERE path = %(path)s OR starts_with(path, %(path)s || '/')
HAVING count(*) > 0;

-- calls_of_place --
-- Those that a call of now, or a late one, may turn out to be.
SELECT call_id::text, path, line, type, note, raised_by, raised_device, raised_time, heard_time, is_late, state, acknowledged_by,
       acknowledged_time, eta_time, ended_by, ended_time, level, version
FROM plant.andon_call
WHERE path = %(path)s AND type = %(type)s AND (ended_time IS NULL OR ended_time >= %(since)s);

-- lock_call --
SELECT call_id::text, path, line, type, note, raised_by, raised_device, raised_time, heard_time, is_late, state, acknowledged_by,
       acknowledged_time, eta_time, ended_by, ended_time, level, version
FROM plant.andon_call WHERE call_id = %(call_id)s FOR UPDATE;

-- add_call --
INSERT INTO plant.andon_call SELECT * FROM jsonb_populate_record(NULL::plant.andon_call, %(call)s::jsonb);

-- change_call --
UPDATE plant.andon_call
SET state = now_.state, acknowledged_by = now_.acknowledged_by, acknowledged_time = now_.acknowledged_time,
    eta_time = now_.eta_time, ended_by = now_.ended_by, ended_time = now_.ended_time, level = now_.level, version = now_.version
FROM jsonb_populate_record(NULL::plant.andon_call, %(call)s::jsonb) AS now_
WHERE andon_call.call_id = now_.call_id;

-- calls --
-- The newest first.
SELECT call.call_id, call.path, call.line, call.type, call.note, call.raised_by, caller.name AS raised_by_name,
       caller.name_zh AS raised_by_name_zh, call.raised_time, call.heard_time, call.is_late, call.state, call.acknowledged_by,
       helper.name AS acknowledged_by_name, helper.name_zh AS acknowledged_by_name_zh, call.acknowledged_time, call.eta_time,
       call.ended_by, call.ended_time, call.level
FROM plant.andon_call AS call
LEFT JOIN plant.person AS caller ON call.raised_by = 'person:' || caller.person_id
LEFT JOIN plant.person AS helper ON call.acknowledged_by = 'person:' || helper.person_id
WHERE call.call_id = coalesce(%(call_id)s::uuid, call.call_id)
  AND (NOT %(open_only)s OR call.ended_time IS NULL)
  AND (%(path)s::text IS NULL OR call.path = %(path)s OR starts_with(call.path, %(path)s || '/'))
  AND (%(from_ts)s::timestamptz IS NULL OR call.raised_time >= %(from_ts)s)
  AND (%(to_ts)s::timestamptz IS NULL OR call.raised_time < %(to_ts)s)
  AND (%(before_ts)s::timestamptz IS NULL OR (call.raised_time, call.call_id) < (%(before_ts)s, %(before_id)s::uuid))
ORDER BY call.raised_time DESC, call.call_id DESC LIMIT %(limit)s;

-- response --
SELECT count(*) AS calls, count(acknowledged_time) AS acknowledged, count(*) FILTER (WHERE state = 'open') AS unanswered,
       count(*) FILTER (WHERE level > 0) AS escalated,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY response_s) AS median_s,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY response_s) AS p95_s
FROM (SELECT *, extract(epoch FROM acknowledged_time - raised_time)::float8 AS response_s FROM plant.andon_call) AS call
WHERE NOT is_late AND raised_time >= %(from_ts)s AND raised_time < %(to_ts)s
  AND (%(path)s::text IS NULL OR path = %(path)s OR starts_with(path, %(path)s || '/'));

-- levels --
SELECT level, after_s, roles FROM plant.andon_level ORDER BY level;

-- fault_after_s --
SELECT fault_after_s FROM plant.andon_setting;

-- set_levels --
WITH gone AS (DELETE FROM plant.andon_level WHERE level > cardinality(%(after_s)s::int[]))
INSERT INTO plant.andon_level (level, after_s, roles)
SELECT level, after_s, ARRAY(SELECT jsonb_array_elements_text(roles))
FROM unnest(%(after_s)s::int[], %(roles)s::jsonb[]) WITH ORDINALITY AS told (after_s, roles, level)
ON CONFLICT (level) DO UPDATE SET after_s = excluded.after_s, roles = excluded.roles;

-- set_fault_after_s --
UPDATE plant.andon_setting SET fault_after_s = %(fault_after_s)s;

-- unanswered --
-- Those of which at least one level was not told yet and has come; which, says the domain.
SELECT call_id::text, path, line, type, note, raised_by, raised_device, raised_time, heard_time, is_late, state, acknowledged_by,
       acknowledged_time, eta_time, ended_by, ended_time, level, version
FROM plant.andon_call AS call
WHERE ended_time IS NULL AND state = 'open' AND NOT is_late
  AND EXISTS (SELECT FROM plant.andon_level AS next
              WHERE next.level > call.level AND call.raised_time + make_interval(secs => next.after_s) <= %(now)s)
ORDER BY raised_time, call_id LIMIT %(limit)s;

-- people_with --
SELECT person_id FROM plant.person WHERE active AND roles && %(roles)s::text[] ORDER BY person_id;

-- add_told --
INSERT INTO plant.andon_told (call_id, level, roles, people, told_time)
VALUES (%(call_id)s, %(level)s, %(roles)s, %(people)s, %(told_time)s);

-- machines_in_fault --
-- Begun long enough ago, and not longer than a day; nobody has been called since, neither by a person nor by the machine.
-- What the machine took back was of the fault before, though it may have been taken back when this one had begun.
SELECT machine.device_id, machine.path, fault.from_ts
FROM plant.machine_state_interval AS fault
JOIN plant.machine USING (device_id)
CROSS JOIN plant.andon_setting
WHERE fault.state = 'fault' AND fault.to_ts IS NULL AND machine.equipment_id IS NOT NULL
  AND fault.from_ts <= %(now)s - make_interval(secs => andon_setting.fault_after_s)
  AND fault.from_ts > %(now)s - interval '1 day'
  AND NOT EXISTS (SELECT FROM plant.andon_call AS call
                  WHERE call.path = machine.path AND call.type = 'maintenance'
                    AND (call.raised_time >= fault.from_ts
                         OR (NOT call.is_late AND coalesce(call.ended_time, 'infinity') >= fault.from_ts
                             AND NOT (call.raised_by = 'keeper' AND call.state = 'withdrawn'))))
ORDER BY machine.device_id LIMIT %(limit)s;

-- faults_that_are_over --
-- Called by the machine, answered by nobody, and no machine of the place is in fault any more.
SELECT call_id FROM plant.andon_call AS call
WHERE ended_time IS NULL AND state = 'open' AND raised_by = 'keeper'
  AND NOT EXISTS (SELECT FROM plant.machine_state_interval AS fault JOIN plant.machine USING (device_id)
                  WHERE machine.path = call.path AND fault.to_ts IS NULL AND fault.state = 'fault')
ORDER BY call_id LIMIT %(limit)s;
