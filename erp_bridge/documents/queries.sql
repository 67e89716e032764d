-- orders_to_plan --
-- Orders whose next fact is here.
SELECT DISTINCT claim.work_order_id
FROM bridge.claim
LEFT JOIN bridge.planned_order AS planned USING (work_order_id)
WHERE claim.planned_time IS NULL AND claim.work_order_id IS NOT NULL
  AND claim.order_seq = coalesce(planned.order_seq, 0) + 1
LIMIT %(limit)s;

-- facts_without_order --
-- One planner at a time takes them: the lock lasts until the end of the transaction.
SELECT claim.* FROM pg_advisory_xact_lock(hashtext('lineside.bridge.plan')) AS locked, bridge.claim
WHERE planned_time IS NULL AND work_order_id IS NULL
ORDER BY outbox_id
LIMIT %(limit)s;

-- lock_order --
INSERT INTO bridge.planned_order (work_order_id) VALUES (%(work_order_id)s)
ON CONFLICT (work_order_id) DO UPDATE SET order_seq = planned_order.order_seq
RETURNING order_seq, ended;

-- facts_of_order --
SELECT * FROM bridge.claim
WHERE work_order_id = %(work_order_id)s AND planned_time IS NULL AND order_seq > %(after)s
ORDER BY order_seq
LIMIT %(limit)s;

-- order_is_planned --
UPDATE bridge.planned_order SET order_seq = %(order_seq)s, ended = %(ended)s
WHERE work_order_id = %(work_order_id)s;

-- fact_is_planned --
UPDATE bridge.claim SET planned_time = now() WHERE outbox_id = %(outbox_id)s;

-- next_position --
INSERT INTO bridge.lane AS known (connector, lane, last_position) VALUES (%(connector)s, %(lane)s, 1)
ON CONFLICT (connector, lane) DO UPDATE SET last_position = known.last_position + 1
RETURNING last_position;

-- give_back_position --
-- By whoever took it, in the same transaction: the lane is locked until its end, so nobody has a later one.
UPDATE bridge.lane SET last_position = last_position - 1 WHERE connector = %(connector)s AND lane = %(lane)s;

-- open_document --
SELECT * FROM bridge.document
WHERE connector = %(connector)s AND lane = %(lane)s AND kind = %(kind)s AND window_key = %(window_key)s
  AND state = 'open'
FOR UPDATE;

-- open_documents_of_lane --
SELECT * FROM bridge.document
WHERE connector = %(connector)s AND lane = %(lane)s AND state = 'open'
ORDER BY created_time, document_id
FOR UPDATE;

-- closing_documents --
SELECT * FROM bridge.document WHERE state = 'open' AND closes_time <= now()
ORDER BY closes_time, document_id
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED;

-- insert_document --
INSERT INTO bridge.document (document_id, connector, kind, lane, work_order, window_key, closes_time, position, body,
    event_time, posting_date, reverses, state, problem)
VALUES (%(document_id)s, %(connector)s, %(kind)s, %(lane)s, %(work_order)s, %(window_key)s, %(closes_time)s,
    %(position)s, %(body)s::jsonb, %(event_time)s, %(posting_date)s, %(reverses)s, %(state)s, %(problem)s::jsonb)
ON CONFLICT (document_id) DO NOTHING
RETURNING document_id;

-- change_document --
-- Of one that was refused: what it was told less by is given back, and taken anew from what it is now.
WITH given_back AS (DELETE FROM bridge.told_before_use WHERE document_id = %(document_id)s)
UPDATE bridge.document
SET body = %(body)s::jsonb, event_time = %(event_time)s, posting_date = %(posting_date)s, state = %(state)s,
    finished_time = CASE WHEN %(state)s = 'cancelled' THEN now() END,
    problem = CASE WHEN %(state)s = 'refused' THEN problem END,
    next_attempt_time = now()
WHERE document_id = %(document_id)s;

-- release_document --
UPDATE bridge.document SET position = %(position)s, state = 'ready', next_attempt_time = now()
WHERE document_id = %(document_id)s;

-- cancel_document --
UPDATE bridge.document SET state = 'cancelled', finished_time = now() WHERE document_id = %(document_id)s;

-- carry --
INSERT INTO bridge.part (connector, outbox_id, document_id)
VALUES (%(connector)s, %(outbox_id)s, %(document_id)s);

-- carry_over --
UPDATE bridge.part SET document_id = %(into)s WHERE connector = %(connector)s AND document_id = %(document_id)s;

-- carriers --
-- The documents that carry the facts of an event to a system, locked against whoever sends them.
SELECT document.* FROM bridge.document
WHERE document_id IN (
    SELECT part.document_id FROM bridge.part JOIN bridge.claim USING (outbox_id)
    WHERE part.connector = %(connector)s AND claim.event_id = %(event_id)s AND claim.kind = %(kind)s
)
ORDER BY created_time, document_id
FOR UPDATE;

-- not_delivered --
-- What is not delivered yet to a system, of these kinds: facts at the plant, facts not planned yet, documents. And what was
-- finished since: a reading of their stock that began before it may have seen either side of it. Of an order of which the
-- system knows more than we do since a restore, nobody can say how much of it will be told. One statement: one moment.
WITH told AS (
    SELECT 'fact ' || outbox_id AS reference, 'waits' AS state, event_id, kind, body, NULL::uuid AS reverses,
           body ->> 'work_order' AS work_order
    FROM plant.outbox WHERE kind = ANY (%(kinds)s)
    UNION ALL
    SELECT 'fact ' || outbox_id, 'waits', event_id, kind, body, NULL, body ->> 'work_order'
    FROM bridge.claim WHERE planned_time IS NULL AND kind = ANY (%(kinds)s)
    UNION ALL
    SELECT document_id::text, state, document_id, kind, body, reverses, work_order
    FROM bridge.document
    WHERE connector = %(system)s AND kind = ANY (%(kinds)s) AND state IN ('open', 'ready', 'sending', 'refused', 'unknown')
    UNION ALL
    SELECT document_id::text, 'finished', document_id, kind, body, reverses, work_order
    FROM bridge.document
    WHERE connector = %(system)s AND kind = ANY (%(kinds)s) AND finished_time >= %(since)s::timestamptz
)
SELECT reference, event_id, kind, body, reverses,
       CASE WHEN state IN ('waits', 'open', 'ready', 'refused')
                  AND EXISTS (SELECT FROM bridge.told_before AS there
                              WHERE there.connector = %(system)s AND there.work_order = told.work_order)
            THEN 'unknown' ELSE state END AS state
FROM told
ORDER BY reference
LIMIT %(limit)s;

-- revision_told --
SELECT revision FROM bridge.inbox
WHERE system = %(system)s AND kind = 'work_order' AND external_id = %(number)s
  AND state IN ('received', 'refused', 'done')
ORDER BY inbox_id DESC
LIMIT 1;

-- code_map --
SELECT kind, our_code, their_code FROM bridge.code_map WHERE system = %(system)s;
