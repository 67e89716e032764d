-- documents --
SELECT document_id, connector, kind, work_order, lane, position, state, event_time, posting_date, posting_moved, attempts,
    reference, reverses, problem, difference, created_time, finished_time,
    CASE WHEN state IN ('ready', 'sending') THEN next_attempt_time END AS next_attempt_time
FROM bridge.document
WHERE (%(states)s::text[] IS NULL OR state = ANY (%(states)s))
  AND (%(connector)s::text IS NULL OR connector = %(connector)s)
  AND (%(work_order)s::text IS NULL OR work_order = %(work_order)s)
  AND (%(cursor)s::uuid IS NULL
       OR (created_time, document_id) > (SELECT created_time, document_id FROM bridge.document
                                         WHERE document_id = %(cursor)s))
ORDER BY created_time, document_id
LIMIT %(limit)s;

-- newest_documents --
SELECT document_id, connector, kind, work_order, lane, position, state, event_time, posting_date, posting_moved, attempts,
    reference, reverses, problem, difference, created_time, finished_time,
    CASE WHEN state IN ('ready', 'sending') THEN next_attempt_time END AS next_attempt_time
FROM bridge.document
WHERE (%(states)s::text[] IS NULL OR state = ANY (%(states)s))
  AND (%(connector)s::text IS NULL OR connector = %(connector)s)
  AND (%(work_order)s::text IS NULL OR work_order = %(work_order)s)
ORDER BY created_time DESC, document_id DESC
LIMIT %(limit)s;

-- document --
SELECT document_id, connector, kind, work_order, lane, position, state, event_time, posting_date, posting_moved, attempts,
    reference, reverses, problem, difference, created_time, finished_time, body,
    CASE WHEN state IN ('ready', 'sending') THEN next_attempt_time END AS next_attempt_time
FROM bridge.document WHERE document_id = %(document_id)s;

-- deliveries_of_document --
SELECT number, state, started_time, finished_time, request, answer, read_back, difference, error
FROM bridge.delivery WHERE document_id = %(document_id)s ORDER BY number;

-- retry_document --
UPDATE bridge.document SET state = 'ready', next_attempt_time = now(), problem = NULL, aside = false
WHERE document_id = %(document_id)s AND state IN ('refused', 'unknown') AND position IS NOT NULL;

-- try_now --
-- What waits to be tried again by itself needs no person, but may be hurried.
UPDATE bridge.document SET next_attempt_time = now() WHERE document_id = %(document_id)s AND state = 'ready';

-- mark_posted --
UPDATE bridge.document SET state = 'by_hand', reference = %(reference)s, finished_time = now(),
    problem = %(problem)s::jsonb
WHERE document_id = %(document_id)s AND state IN ('refused', 'unknown', 'modified');

-- fix_it_documents --
-- What waits for a person, and how many documents of its lane wait behind it.
SELECT document_id, connector, kind, work_order, state, problem, difference, reference, created_time,
    (SELECT count(*) FROM bridge.document AS later
     WHERE later.connector = document.connector AND later.lane = document.lane AND later.position > document.position
       AND later.state IN ('ready', 'sending', 'refused', 'unknown')
       AND document.state IN ('refused', 'unknown') AND NOT document.aside) AS waiting_behind
FROM bridge.document
WHERE state IN ('refused', 'unknown', 'modified')
ORDER BY created_time, document_id
LIMIT %(limit)s;

-- fix_it_inbox --
SELECT inbox_id, system, kind, external_id, revision, state, problem, received_time
FROM bridge.inbox WHERE state IN ('stopped', 'refused') ORDER BY inbox_id LIMIT %(limit)s;

-- inbox --
SELECT inbox_id, system, kind, external_id, revision, state, attempt, problem, answer, received_time, answered_time
FROM bridge.inbox
WHERE (%(states)s::text[] IS NULL OR state = ANY (%(states)s))
  AND (%(system)s::text IS NULL OR system = %(system)s)
  AND (%(kind)s::text IS NULL OR kind = %(kind)s)
  AND inbox_id > %(cursor)s
ORDER BY inbox_id
LIMIT %(limit)s;

-- inbox_row --
SELECT inbox_id, system, kind, external_id, revision, state, attempt, problem, answer, received_time, answered_time, told
FROM bridge.inbox WHERE inbox_id = %(inbox_id)s;

-- retry_inbox --
UPDATE bridge.inbox SET state = 'received', attempt = attempt + 1
WHERE inbox_id = %(inbox_id)s AND state IN ('stopped', 'refused');

-- drop_inbox --
UPDATE bridge.inbox SET state = 'dropped', answered_time = now(), problem = %(problem)s::jsonb
WHERE inbox_id = %(inbox_id)s AND state IN ('stopped', 'refused');

-- codes --
SELECT system, kind, our_code, their_code, changed_time, changed_by FROM bridge.code_map
WHERE (%(system)s::text IS NULL OR system = %(system)s) AND (%(kind)s::text IS NULL OR kind = %(kind)s)
ORDER BY system, kind, our_code
LIMIT %(limit)s;

-- keep_code --
INSERT INTO bridge.code_map (system, kind, our_code, their_code, changed_by)
VALUES (%(system)s, %(kind)s, %(our_code)s, %(their_code)s, %(changed_by)s)
ON CONFLICT (system, kind, our_code) DO UPDATE
SET their_code = excluded.their_code, changed_by = excluded.changed_by, changed_time = now()
RETURNING system, kind, our_code, their_code, changed_time, changed_by;

-- forget_code --
DELETE FROM bridge.code_map WHERE system = %(system)s AND kind = %(kind)s AND our_code = %(our_code)s;

-- go_on_with_documents --
-- A code was mapped: what was refused for it alone goes on.
UPDATE bridge.document SET state = 'ready', next_attempt_time = now(), problem = NULL
WHERE state = 'refused' AND connector = %(system)s AND problem ->> 'code' = 'unmapped_code'
  AND problem #>> '{details,kind}' = %(kind)s AND problem #>> '{details,code}' = %(our_code)s;

-- go_on_with_inbox --
UPDATE bridge.inbox SET state = 'received', attempt = attempt + 1
WHERE state = 'stopped' AND system = %(system)s AND problem ->> 'code' = 'unmapped_code'
  AND problem #>> '{details,kind}' = %(kind)s AND problem #>> '{details,code}' = %(their_code)s;

-- status --
SELECT connector, state, count(*) AS documents, min(created_time) AS oldest_time
FROM bridge.document
WHERE state IN ('open', 'ready', 'sending', 'refused', 'unknown', 'modified')
GROUP BY connector, state ORDER BY connector, state;

-- at_the_plant --
SELECT (SELECT count(*) FROM plant.outbox) AS unclaimed,
    (SELECT count(*) FROM bridge.claim WHERE planned_time IS NULL) AS unplanned,
    (SELECT count(*) FROM bridge.inbox WHERE state IN ('stopped', 'refused')) AS inbox_waiting;
