-- lanes_to_send --
-- Lanes whose first unfinished document is due. What stands aside comes last, and holds up nothing when it is refused.
SELECT lane FROM (
    SELECT DISTINCT ON (lane) lane, state, next_attempt_time
    FROM bridge.document
    WHERE connector = %(connector)s AND state IN ('ready', 'sending', 'refused', 'unknown')
      AND NOT (aside AND state <> 'ready')
    ORDER BY lane, aside, position
) AS head
WHERE state IN ('ready', 'sending') AND next_attempt_time <= now() AND NOT bridge.is_held(%(connector)s)
ORDER BY next_attempt_time
LIMIT %(limit)s;

-- take_lane --
-- A lock of the session: whoever holds it is the only sender of this lane, until it gives it back or its session ends.
SELECT pg_try_advisory_lock(hashtext('lineside.bridge.lane ' || %(connector)s), hashtext(%(lane)s)) AS taken;

-- give_lane_back --
SELECT pg_advisory_unlock(hashtext('lineside.bridge.lane ' || %(connector)s), hashtext(%(lane)s));

-- begin --
-- The first unfinished document of the lane, if it is due. From here on it may have been sent.
WITH head AS (
    SELECT document_id, state, next_attempt_time FROM bridge.document
    WHERE connector = %(connector)s AND lane = %(lane)s AND state IN ('ready', 'sending', 'refused', 'unknown')
      AND NOT (aside AND state <> 'ready')
    ORDER BY aside, position
    LIMIT 1
)
UPDATE bridge.document SET state = 'sending', attempts = attempts + 1, aside = false,
    next_attempt_time = now() + %(settle_s)s * interval '1 s'
FROM head
WHERE document.document_id = head.document_id
  AND head.state IN ('ready', 'sending') AND head.next_attempt_time <= now()
  AND document.state = head.state AND document.next_attempt_time <= now() AND NOT bridge.is_held(%(connector)s)
RETURNING document.*;

-- attempt --
INSERT INTO bridge.delivery (document_id, number, state, worker)
VALUES (%(document_id)s, %(number)s, 'sending', %(worker)s);

-- request_of_attempt --
UPDATE bridge.delivery SET request = %(request)s::jsonb
WHERE document_id = %(document_id)s AND number = %(number)s;

-- attempts_left_open --
-- Of a sender that died: what became of them is found by looking up.
UPDATE bridge.delivery SET state = 'lost', finished_time = now(), error = coalesce(error, 'its sender vanished')
WHERE document_id = %(document_id)s AND number < %(number)s AND state = 'sending';

-- finish --
-- Only the attempt that is the document's last one may say what became of it.
WITH told AS (
    UPDATE bridge.delivery SET state = %(delivery_state)s, finished_time = now(), answer = %(answer)s::jsonb,
        read_back = %(read_back)s::jsonb, difference = %(difference)s::jsonb, error = %(error)s
    WHERE document_id = %(document_id)s AND number = %(number)s
)
UPDATE bridge.document SET state = %(state)s, reference = coalesce(%(reference)s, reference),
    problem = %(problem)s::jsonb, difference = %(difference)s::jsonb, aside = %(aside)s,
    posting_date = coalesce(%(posting_date)s, posting_date),
    posting_moved = posting_moved OR %(posting_date)s::date IS NOT NULL,
    next_attempt_time = CASE WHEN %(wait_s)s::float IS NULL THEN next_attempt_time
        ELSE now() + %(wait_s)s * interval '1 s' END,
    finished_time = CASE WHEN %(state)s IN ('accepted', 'modified', 'skipped') THEN now() END
WHERE document_id = %(document_id)s AND attempts = %(number)s AND state = 'sending';

-- reversed_document --
SELECT state, reference FROM bridge.document WHERE document_id = %(document_id)s;


-- good_so_far --
-- What the plant reported as good for the order up to the fact that this document tells.
SELECT good.body ->> 'quantity' AS quantity, good.body ->> 'unit' AS unit
FROM bridge.part
JOIN bridge.claim AS told USING (outbox_id)
JOIN bridge.claim AS good ON good.work_order_id = told.work_order_id AND good.order_seq <= told.order_seq
WHERE part.document_id = %(document_id)s AND good.kind = 'completion' AND good.planned_time IS NOT NULL;

-- in_rework --
-- What the plant told of rework, and took back when it was settled, for the order of this document; also after it.
SELECT rework.body ->> 'quantity' AS quantity
FROM bridge.part
JOIN bridge.claim AS told USING (outbox_id)
JOIN bridge.claim AS rework ON rework.work_order_id = told.work_order_id
WHERE part.document_id = %(document_id)s AND rework.kind = 'scrap' AND rework.body -> 'rework' = 'true'
  AND rework.planned_time IS NOT NULL;
