-- wait_for_turn --
-- The chain has one end, so whoever lengthens it does so alone. A statement of its own: the next ones see the end then.
SELECT pg_advisory_xact_lock(hashtext('plant.event_chain'));

-- head --
SELECT position, hash FROM plant.event_chain ORDER BY position DESC LIMIT 1;

-- claim --
WITH due AS (
    SELECT recorded_time, event_id FROM plant.unsealed ORDER BY recorded_time, event_id LIMIT %(limit)s
), claimed AS (
    DELETE FROM plant.unsealed USING due
    WHERE (unsealed.recorded_time, unsealed.event_id) = (due.recorded_time, due.event_id)
    RETURNING unsealed.event_id
)
SELECT event_id, kind, actor, actor_id, device, request_hash, body::text, facts::text, status, answer::text, refused,
       event_time, recorded_time, work_order_id
FROM plant.event JOIN claimed USING (event_id)
ORDER BY recorded_time, event_id;

-- lengthen --
INSERT INTO plant.event_chain (position, event_id, hash)
SELECT * FROM unnest(%(positions)s::bigint[], %(event_ids)s::uuid[], %(hashes)s::bytea[]);

-- wake --
-- Carries nothing: who listens asks for what comes after its position.
SELECT pg_notify('plant_events', '');

-- anchor_due --
-- The head, if it moved since the last anchor and that one is old enough.
SELECT head.position, head.hash
FROM (SELECT position, hash FROM plant.event_chain ORDER BY position DESC LIMIT 1) AS head
LEFT JOIN (SELECT position, anchored_time FROM plant.anchor ORDER BY position DESC LIMIT 1) AS last ON true
WHERE last.position IS NULL
   OR (last.position < head.position AND last.anchored_time <= now() - %(period)s::interval);

-- anchor --
INSERT INTO plant.anchor (position, hash) VALUES (%(position)s, %(hash)s);

-- anchors --
SELECT position, hash FROM plant.anchor ORDER BY position;

-- chain --
-- The chain as it should follow from the events; an event that is gone gives nulls.
SELECT chain.position, chain.hash, chain.event_id AS chained_id,
       event.event_id, kind, actor, actor_id, device, request_hash, body::text, facts::text, status, answer::text,
       refused, event_time, recorded_time, work_order_id
FROM plant.event_chain AS chain LEFT JOIN plant.event USING (event_id)
WHERE chain.position > %(after)s
ORDER BY chain.position
LIMIT %(limit)s;

-- outside --
-- Events that are neither sealed nor waiting for it, the first of them.
SELECT event_id FROM plant.event
WHERE NOT EXISTS (SELECT FROM plant.event_chain WHERE event_chain.event_id = event.event_id)
  AND NOT EXISTS (SELECT FROM plant.unsealed WHERE unsealed.recorded_time = event.recorded_time
                                               AND unsealed.event_id = event.event_id)
ORDER BY recorded_time
LIMIT 1;

-- events_after --
SELECT position, event_id, kind, actor, device, body, facts, status, answer, refused, event_time, recorded_time,
       sealed_time, work_order_id
FROM plant.event_chain JOIN plant.event USING (event_id)
WHERE position > %(after)s
ORDER BY position
LIMIT %(limit)s;
