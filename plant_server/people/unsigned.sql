-- list_for_a_lead --
INSERT INTO plant.alarm (kind, subject, detail) VALUES ('unsigned_fact', %(event_id)s::text, %(known_by)s);

-- unsigned_facts --
-- Those that no lead has settled; the person is the one of the session that the terminal named.
SELECT alarm.alarm_id, event.event_id, event.kind, station.name AS station, event.body, event.event_time,
       event.recorded_time, event.work_order_id, alarm.detail AS known_by, person.person_id, person.name, person.name_zh
FROM plant.alarm
JOIN plant.event ON event.event_id = alarm.subject::uuid
JOIN plant.station ON event.device = 'station:' || station.station_id
LEFT JOIN plant.session ON session.session_id = (event.facts #>> '{vouched,session}')::uuid
LEFT JOIN plant.person ON person.person_id = session.person_id
WHERE alarm.kind = 'unsigned_fact' AND alarm.cleared_time IS NULL AND alarm.alarm_id > %(after)s
  AND station.station_id = coalesce(%(station_id)s::int, station.station_id)
ORDER BY alarm.alarm_id LIMIT %(limit)s;

-- settle_unsigned_fact --
UPDATE plant.alarm SET cleared_time = now()
WHERE kind = 'unsigned_fact' AND subject = %(event_id)s::text AND cleared_time IS NULL
RETURNING detail;

-- is_person --
SELECT FROM plant.person WHERE person_id = %(person_id)s;
