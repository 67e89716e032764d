-- session --
-- Whose session it is, and how it stands. `idle` and `old` are asked in the database's clock, as all session times are.
SELECT session.session_id, session.station_id, person.person_id, person.name, person.name_zh, person.language,
       person.roles, session.last_used_time < now() - %(idle)s::interval AS locked,
       session.last_used_time < now() - interval '30 s' AS stale
FROM plant.session
JOIN plant.person USING (person_id)
WHERE session.token_hash = %(token_hash)s AND session.ended_time IS NULL AND person.active
  AND session.created_time > now() - %(longest)s::interval;

-- session_of_then --
-- The session in which a terminal wrote down what it sends only now.
SELECT session.session_id, session.station_id, person.person_id, person.name, person.name_zh, person.language,
       person.roles, false AS locked, false AS stale
FROM plant.session
JOIN plant.person USING (person_id)
WHERE session.session_id = %(session_id)s AND session.station_id = %(station_id)s AND person.active
  AND %(event_time)s BETWEEN session.created_time - %(skew)s::interval
                         AND least(session.created_time + %(longest)s::interval, session.ended_time) + %(skew)s::interval;

-- use_session --
UPDATE plant.session SET last_used_time = now() WHERE session_id = %(session_id)s;

-- station --
SELECT station_id, name, equipment_id FROM plant.station WHERE credential_hash = %(credential_hash)s;

-- count_try --
-- Counts a try and says until when the next one has to wait; nothing when this one comes too early.
INSERT INTO plant.sign_in_try AS known (subject, tries) VALUES (%(subject)s, 1)
ON CONFLICT (subject) DO UPDATE
SET tries = CASE WHEN known.last_time < now() - interval '1 day' THEN 1 ELSE known.tries + 1 END,
    last_time = now(),
    free_time = CASE WHEN known.last_time < now() - interval '1 day' OR known.tries + 1 < %(free_tries)s THEN now()
                ELSE now() + least(%(wait_s)s * 2.0 ^ least(known.tries + 1 - %(free_tries)s, 30), %(wait_max_s)s)
                     * interval '1 s' END
WHERE known.free_time <= now()
RETURNING tries;

-- free_in --
SELECT ceil(extract(epoch FROM free_time - now()))::int FROM plant.sign_in_try WHERE subject = %(subject)s;

-- forget_tries --
DELETE FROM plant.sign_in_try WHERE subject = ANY (%(subjects)s);

-- person_by_id --
SELECT person_id, name, name_zh, language, roles, pin_hash FROM plant.person WHERE person_id = %(person_id)s AND active;

-- person_by_badge --
SELECT person_id, name, name_zh, language, roles, pin_hash FROM plant.person WHERE badge_hash = %(badge_hash)s AND active;

-- open_session --
INSERT INTO plant.session (token_hash, person_id, station_id)
VALUES (%(token_hash)s, %(person_id)s, %(station_id)s) RETURNING session_id;

-- end_session --
UPDATE plant.session SET ended_time = now() WHERE token_hash = %(token_hash)s AND ended_time IS NULL;

-- end_sessions_of --
UPDATE plant.session SET ended_time = now() WHERE person_id = %(person_id)s AND ended_time IS NULL
RETURNING session_id;

-- people --
SELECT person_id, name, name_zh, personnel_number, language, roles, active, pin_hash IS NOT NULL AS has_pin,
       badge_hash IS NOT NULL AS has_badge
FROM plant.person
WHERE person_id > %(after)s AND (%(id)s::int IS NULL OR person_id = %(id)s)
ORDER BY person_id
LIMIT %(limit)s;

-- add_person --
INSERT INTO plant.person (name, name_zh, personnel_number, language, roles)
VALUES (%(name)s, %(name_zh)s, %(personnel_number)s, %(language)s, %(roles)s)
RETURNING person_id;

-- lock_person --
SELECT person_id FROM plant.person WHERE person_id = %(person_id)s FOR UPDATE;

-- change_person --
-- An empty personnel number takes it away.
UPDATE plant.person
SET name = coalesce(%(name)s, name), name_zh = coalesce(%(name_zh)s, name_zh), language = coalesce(%(language)s, language),
    personnel_number = nullif(coalesce(%(personnel_number)s, personnel_number), ''),
    roles = coalesce(%(roles)s, roles), active = coalesce(%(active)s, active)
WHERE person_id = %(person_id)s;

-- set_pin --
UPDATE plant.person SET pin_hash = %(pin_hash)s WHERE person_id = %(person_id)s;

-- set_badge --
UPDATE plant.person SET badge_hash = %(badge_hash)s WHERE person_id = %(person_id)s;

-- other_administrators --
SELECT count(*) FROM plant.person WHERE 'admin' = ANY (roles) AND active AND person_id <> %(person_id)s;

-- lock_people --
-- Administrators are counted under this lock, so that two changes at once cannot leave none.
SELECT pg_advisory_xact_lock(hashtext('plant.person'));

-- stations --
SELECT station.station_id, station.name, station.equipment_id, equipment.path, station.enrolled_time
FROM plant.station
LEFT JOIN plant.equipment USING (equipment_id)
WHERE station.station_id > %(after)s AND (%(id)s::int IS NULL OR station.station_id = %(id)s)
ORDER BY station.station_id
LIMIT %(limit)s;

-- add_station --
INSERT INTO plant.station (name, equipment_id) VALUES (%(name)s, %(equipment_id)s) RETURNING station_id;

-- enrol_station --
UPDATE plant.station SET credential_hash = %(credential_hash)s, enrolled_time = now()
WHERE station_id = %(station_id)s RETURNING name;

-- revoke_station --
UPDATE plant.station SET credential_hash = NULL, enrolled_time = NULL WHERE station_id = %(station_id)s RETURNING name;

-- end_sessions_at --
UPDATE plant.session SET ended_time = now() WHERE station_id = %(station_id)s AND ended_time IS NULL;

-- person_of_demo --
SELECT person_id FROM plant.person WHERE name = %(name)s AND pin_hash IS NOT NULL ORDER BY person_id LIMIT 1;

-- number_person_of_demo --
-- Who was made before people had numbers gets one.
UPDATE plant.person SET personnel_number = %(personnel_number)s
WHERE person_id = %(person_id)s AND personnel_number IS NULL
  AND NOT EXISTS (SELECT FROM plant.person AS other WHERE other.personnel_number = %(personnel_number)s);
