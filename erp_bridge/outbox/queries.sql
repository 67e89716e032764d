-- one_claimer --
-- Until the end of the transaction. Two claimers at once would not harm, but wait for one another row by row.
SELECT pg_advisory_xact_lock(hashtext('lineside.bridge.claim'));

-- claim --
-- Rows whose undo time is over, of an order only up to the first one that is not due. What is deleted there is inserted
-- here by the same statement, so a row is on exactly one side, whatever dies.
WITH due AS (
    SELECT waiting.outbox_id
    FROM plant.outbox AS waiting
    WHERE waiting.not_before <= now()
      AND NOT EXISTS (
          SELECT FROM plant.outbox AS earlier
          WHERE earlier.work_order_id = waiting.work_order_id
            AND earlier.order_seq < waiting.order_seq
            AND earlier.not_before > now()
      )
    ORDER BY waiting.outbox_id
    LIMIT %(limit)s
), taken AS (
    DELETE FROM plant.outbox USING due WHERE outbox.outbox_id = due.outbox_id RETURNING outbox.*
)
INSERT INTO bridge.claim (outbox_id, event_id, kind, work_order_id, order_seq, body, not_before, created_time)
SELECT outbox_id, event_id, kind, work_order_id, order_seq, body, not_before, created_time FROM taken;
