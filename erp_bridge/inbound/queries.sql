-- take_source --
-- One reader of a source at a time; the lock ends with its session at the latest.
SELECT pg_try_advisory_lock(hashtext('lineside.bridge.source ' || %(system)s), hashtext(%(source)s)) AS taken;

-- give_source_back --
SELECT pg_advisory_unlock(hashtext('lineside.bridge.source ' || %(system)s), hashtext(%(source)s));

-- position --
SELECT position FROM bridge.cursor WHERE system = %(system)s AND source = %(source)s;

-- move --
INSERT INTO bridge.cursor (system, source, position) VALUES (%(system)s, %(source)s, %(position)s)
ON CONFLICT (system, source) DO UPDATE SET position = excluded.position, moved_time = now();

-- told_last --
SELECT revision, told FROM bridge.inbox
WHERE system = %(system)s AND kind = %(kind)s AND external_id = %(external_id)s
ORDER BY inbox_id DESC
LIMIT 1;

-- receive --
INSERT INTO bridge.inbox (system, kind, external_id, revision, told, state)
VALUES (%(system)s, %(kind)s, %(external_id)s, %(revision)s, %(told)s::jsonb, 'received')
ON CONFLICT (system, kind, external_id, revision) DO NOTHING;

-- supersede --
-- What a later row of the same thing made pointless.
UPDATE bridge.inbox AS old SET state = 'superseded', answered_time = now()
FROM bridge.inbox AS new
WHERE new.system = %(system)s AND new.kind = %(kind)s AND new.external_id = %(external_id)s
  AND new.revision = %(revision)s
  AND old.system = new.system AND old.kind = new.kind AND old.external_id = new.external_id
  AND old.inbox_id < new.inbox_id AND old.state IN ('received', 'stopped', 'refused');

-- to_tell --
SELECT * FROM bridge.inbox
WHERE system = %(system)s AND kind = %(kind)s AND state = 'received'
ORDER BY inbox_id
LIMIT %(limit)s;

-- answer --
UPDATE bridge.inbox SET state = %(state)s, problem = %(problem)s::jsonb, answer = %(answer)s::jsonb,
    answered_time = now()
WHERE inbox_id = %(inbox_id)s AND state = 'received' AND attempt = %(attempt)s;


-- plant_id --
-- What the plant called the same thing when it was told an earlier revision.
SELECT earlier.answer ->> 'id' AS plant_id
FROM bridge.inbox AS now
JOIN bridge.inbox AS earlier USING (system, kind, external_id)
WHERE now.inbox_id = %(inbox_id)s AND earlier.inbox_id < now.inbox_id AND earlier.answer ? 'id'
ORDER BY earlier.inbox_id DESC
LIMIT 1;

-- ask_again --
-- Refused because something was not known, which may be known now.
UPDATE bridge.inbox SET state = 'received', attempt = attempt + 1
WHERE state = 'refused' AND inbox_id <> %(inbox_id)s
  AND problem ->> 'code' = ANY (%(codes)s);
