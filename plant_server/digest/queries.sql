-- chain_head --
-- Told to the outside once a day: whoever edits the book of events must edit the chat as well.
SELECT position, encode(hash, 'hex') AS hash FROM plant.event_chain ORDER BY position DESC LIMIT 1;

-- of_day --
SELECT business_date, message_id, receiver, state, attempts, claimed_time, next_time, ended_time, detail, body
FROM plant.digest WHERE business_date = %(day)s;

-- last --
SELECT business_date, receiver, state, claimed_time, next_time, ended_time, detail FROM plant.digest
ORDER BY business_date DESC LIMIT 1;

-- claim --
-- One attempt. Nothing returned: somebody else has it, or it is over.
INSERT INTO plant.digest AS kept (business_date, message_id, receiver, state, attempts, claimed_time, body)
VALUES (%(day)s, %(message_id)s, %(receiver)s, 'sending', 1, %(now)s, %(body)s)
ON CONFLICT (business_date) DO UPDATE
SET state = 'sending', attempts = kept.attempts + 1, claimed_time = excluded.claimed_time, next_time = NULL, ended_time = NULL,
    detail = NULL, receiver = excluded.receiver, body = excluded.body,
    -- An attempt of its own, whose answer must not be taken for that of the one before.
    message_id = CASE WHEN %(by_hand)s THEN excluded.message_id ELSE kept.message_id END
WHERE kept.state = 'waiting' OR %(by_hand)s
RETURNING message_id, attempts;

-- tell --
-- What became of an attempt. One that was given up for unclear meanwhile is told after all.
UPDATE plant.digest SET state = %(state)s, detail = %(detail)s, next_time = %(next_time)s, ended_time = %(ended_time)s
WHERE business_date = %(day)s AND message_id = %(message_id)s AND state IN ('sending', 'unclear');

-- give_up --
-- `sending` of a process that ended: nobody knows whether it arrived.
UPDATE plant.digest SET state = 'unclear', ended_time = %(now)s, detail = 'the process that sent it ended before the answer'
WHERE business_date = %(day)s AND state = 'sending';

-- too_late --
INSERT INTO plant.digest AS kept (business_date, message_id, receiver, state, ended_time)
VALUES (%(day)s, %(message_id)s, %(receiver)s, 'too_late', %(now)s)
ON CONFLICT (business_date) DO UPDATE SET state = 'too_late', next_time = NULL, ended_time = excluded.ended_time
WHERE kept.state = 'waiting';
