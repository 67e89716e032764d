-- record --
-- First statement of a command. Returns nothing when the key is there. While another transaction is about to insert
-- the same key it waits for that one's end; set_config runs before the row is made, so the wait is bounded.
WITH patience AS MATERIALIZED (
    SELECT set_config('lock_timeout', '2s', true)
), recorded AS (
    INSERT INTO plant.event (event_id, kind, actor, actor_id, device, request_hash, body, event_time)
    SELECT %(event_id)s, %(kind)s, %(actor)s, %(actor_id)s::int, %(device)s, %(request_hash)s, %(body)s::jsonb,
           %(event_time)s
    FROM patience
    ON CONFLICT (event_id) DO NOTHING
    RETURNING event_id, recorded_time
), to_do AS (
    INSERT INTO plant.unsealed (recorded_time, event_id) SELECT recorded_time, event_id FROM recorded
)
SELECT recorded_time FROM recorded;

-- finish --
-- Last statement of a command.
UPDATE plant.event
SET status = %(status)s, answer = %(answer)s::jsonb, facts = %(facts)s::jsonb, refused = %(refused)s,
    work_order_id = %(work_order_id)s
WHERE event_id = %(event_id)s;

-- stored --
SELECT status, answer, actor, request_hash FROM plant.event WHERE event_id = %(event_id)s;

-- tell_erp --
INSERT INTO plant.outbox (event_id, kind, body, not_before)
VALUES (%(event_id)s, %(kind)s, %(body)s::jsonb, %(not_before)s);

-- tell_erp_of_order --
WITH counted AS (
    INSERT INTO plant.outbox_order AS known (work_order_id, order_seq) VALUES (%(work_order_id)s, 1)
    ON CONFLICT (work_order_id) DO UPDATE SET order_seq = known.order_seq + 1
    RETURNING work_order_id, order_seq
)
INSERT INTO plant.outbox (event_id, kind, work_order_id, order_seq, body, not_before)
SELECT %(event_id)s, %(kind)s, work_order_id, order_seq, %(body)s::jsonb, %(not_before)s FROM counted;
