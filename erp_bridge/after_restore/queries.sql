-- used_by_document --
SELECT used.*, there.reference FROM bridge.told_before_use AS used JOIN bridge.told_before AS there USING (connector, key, line)
WHERE document_id = %(document_id)s
ORDER BY document_line, key, line;

-- one_taker --
-- Until the end of the transaction, where there is something to take from.
SELECT pg_advisory_xact_lock(hashtext('lineside.bridge.told_before'), hashtext(%(connector)s))
FROM bridge.told_before
WHERE connector = %(connector)s AND kind = %(kind)s AND work_order IS NOT DISTINCT FROM %(work_order)s
LIMIT 1;

-- free --
-- What stands there and nobody took off yet, oldest first; nothing for a document that may stand there itself.
SELECT connector, key, line, reference, thing, lot, unit, quantity - coalesce((
        SELECT sum(used.quantity) FROM bridge.told_before_use AS used
        WHERE used.connector = there.connector AND used.key = there.key AND used.line = there.line), 0) AS free
FROM bridge.told_before AS there
WHERE connector = %(connector)s AND kind = %(kind)s AND work_order IS NOT DISTINCT FROM %(work_order)s AND quantity > 0
  AND NOT EXISTS (SELECT FROM bridge.told_before_use AS used WHERE used.document_id = %(document_id)s)
  AND NOT EXISTS (
      SELECT FROM bridge.delivery
      WHERE document_id = %(document_id)s AND state IN ('lost', 'unknown', 'accepted', 'modified'))
ORDER BY told_time, key, line;

-- use --
INSERT INTO bridge.told_before_use (connector, key, line, document_id, document_line, quantity, own_quantity)
VALUES (%(connector)s, %(key)s, %(line)s, %(document_id)s, %(document_line)s, %(quantity)s, %(own_quantity)s);

-- give_back --
DELETE FROM bridge.told_before_use WHERE document_id = %(document_id)s;

-- hold --
-- For every restore that nobody has released this system from.
INSERT INTO bridge.hold (connector, restoration_id, since, backup_time)
SELECT %(connector)s, restoration_id, restored_time, backup_time FROM plant.restoration
ON CONFLICT (connector, restoration_id) DO NOTHING;

-- held --
-- By system: of several restores the earliest backup, and the time when it was asked last after all of them.
SELECT connector, min(since) AS since, min(backup_time) AS backup_time,
    CASE WHEN bool_and(examined_time IS NOT NULL) THEN max(examined_time) END AS examined_time,
    (array_agg(problem ORDER BY since DESC))[1] AS problem
FROM bridge.hold
WHERE released_time IS NULL AND (%(connector)s::text IS NULL OR connector = %(connector)s)
GROUP BY connector ORDER BY connector;

-- examined --
UPDATE bridge.hold SET examined_time = CASE WHEN %(problem)s::jsonb IS NULL THEN now() ELSE examined_time END,
    problem = %(problem)s::jsonb
WHERE connector = %(connector)s AND released_time IS NULL;

-- release --
UPDATE bridge.hold SET released_time = now(), released_by = %(released_by)s
WHERE connector = %(connector)s AND released_time IS NULL;

-- one_examiner --
-- A lock of the session: several bridges need not ask the same.
SELECT pg_try_advisory_lock(hashtext('lineside.bridge.examine'), hashtext(%(connector)s)) AS taken;

-- end_of_examination --
SELECT pg_advisory_unlock(hashtext('lineside.bridge.examine'), hashtext(%(connector)s));

-- waiting --
-- All that would be told, in its order.
SELECT * FROM bridge.document
WHERE connector = %(connector)s AND state IN ('open', 'ready', 'sending', 'refused', 'unknown')
ORDER BY lane, position NULLS LAST, created_time;

-- is_found --
-- It was noted before that it stands there: nothing new is written.
SELECT FROM bridge.delivery
WHERE document_id = %(document_id)s AND number = %(attempts)s AND state = 'lost' AND worker = %(worker)s;

-- found --
-- What stands there is delivered; or, where it stands otherwise, it is settled by looking up after the release. Only of a
-- document nobody touched meanwhile, of a system that is held.
WITH document AS (
    UPDATE bridge.document SET state = %(state)s, attempts = attempts + 1, reference = %(reference)s, problem = NULL,
        aside = false, next_attempt_time = now(), finished_time = CASE WHEN %(state)s = 'accepted' THEN now() END
    WHERE document_id = %(document_id)s AND attempts = %(attempts)s AND state = %(was)s AND bridge.is_held(connector)
    RETURNING document_id, attempts
), left_open AS (
    UPDATE bridge.delivery SET state = 'lost', finished_time = now(), error = coalesce(delivery.error, 'its sender vanished')
    FROM document WHERE delivery.document_id = document.document_id AND delivery.state = 'sending'
)
INSERT INTO bridge.delivery (document_id, number, state, worker, finished_time, read_back, error)
SELECT document_id, attempts, %(delivery_state)s, %(worker)s, now(), %(read_back)s::jsonb, %(error)s FROM document;

-- forget_told_before --
-- Before it is read anew: what nobody took off yet.
DELETE FROM bridge.told_before AS there
WHERE connector = %(connector)s AND told_time >= %(since)s AND NOT EXISTS (
    SELECT FROM bridge.told_before_use AS used
    WHERE used.connector = there.connector AND used.key = there.key AND used.line = there.line);

-- documents_under_keys --
SELECT document_id::text AS key, state, body FROM bridge.document
WHERE connector = %(connector)s AND document_id::text = ANY (%(keys)s);

-- references_known --
SELECT reference FROM bridge.document WHERE connector = %(connector)s AND reference = ANY (%(references)s);

-- keep_told_before --
INSERT INTO bridge.told_before (connector, key, line, reference, kind, work_order, thing, lot, unit, quantity, told_time)
VALUES (%(connector)s, %(key)s, %(line)s, %(reference)s, %(kind)s, %(work_order)s, %(thing)s, %(lot)s, %(unit)s,
    %(quantity)s, %(told_time)s)
ON CONFLICT (connector, key, line) DO NOTHING;

-- told_before --
SELECT there.*, coalesce((SELECT sum(used.quantity) FROM bridge.told_before_use AS used
    WHERE used.connector = there.connector AND used.key = there.key AND used.line = there.line), 0) AS used
FROM bridge.told_before AS there
WHERE connector = %(connector)s
ORDER BY told_time, key, line;

-- found_there --
SELECT document.document_id, document.kind, document.work_order, document.reference, document.event_time, document.state
FROM bridge.delivery JOIN bridge.document USING (document_id)
WHERE document.connector = %(connector)s AND delivery.worker = %(worker)s AND delivery.started_time >= %(since)s
ORDER BY delivery.delivery_id;

-- told --
-- Of these orders, what is known as told.
SELECT document_id, kind, work_order, body FROM bridge.document
WHERE connector = %(connector)s AND reverses IS NULL
  AND (state IN ('accepted', 'modified', 'by_hand') OR problem ->> 'code' = 'told_before_restore')
  AND work_order = ANY (%(orders)s)
  AND NOT EXISTS (SELECT FROM bridge.document AS reversal WHERE reversal.reverses = document.document_id
                  AND reversal.state IN ('accepted', 'modified', 'by_hand'));

-- unclaimed --
SELECT count(*) AS facts FROM plant.outbox;
