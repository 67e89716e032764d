-- What went out of each day's digest (plant_server/digest). The row is claimed, with its key, before anything is sent.
SET ROLE lineside_plant;
CREATE TABLE plant.digest (
    business_date date PRIMARY KEY,      -- the day it tells of
    message_id    uuid NOT NULL,         -- its key, where a receiver takes one
    receiver      text NOT NULL CHECK (receiver IN ('wecom', 'dingtalk', 'generic')),
    state         text NOT NULL CHECK (state IN ('sending', 'waiting', 'sent', 'refused', 'unclear', 'too_late')),
    attempts      integer NOT NULL DEFAULT 0,
    claimed_time  timestamptz,           -- when the last attempt began; null: there was none
    next_time     timestamptz,           -- waiting: when it is tried again
    ended_time    timestamptz,
    detail        text,                  -- what the receiver said, or what went wrong
    body          text                   -- what was sent
);
COMMENT ON TABLE plant.digest IS 'Sent at most once by itself: unclear (an attempt nobody answered) and sending (of a process that ended) are not sent again';

-- What an ERP was told of a run, over all Events: a report asks for it under the lock of its order, and must not take longer with
-- every report before it.
CREATE TABLE plant.run_told_total (
    run_id        bigint NOT NULL REFERENCES plant.run,
    kind          text NOT NULL CHECK (kind IN ('completion', 'scrap', 'rework')),
    reason        text NOT NULL DEFAULT '',
    quantity      numeric NOT NULL,      -- the sum of plant.run_told
    PRIMARY KEY (run_id, kind, reason)
) WITH (fillfactor = 50);
INSERT INTO plant.run_told_total (run_id, kind, reason, quantity)
SELECT run_id, kind, reason, sum(quantity) FROM plant.run_told GROUP BY run_id, kind, reason;

-- The same of what people named bad: most entries are good ones.
CREATE INDEX production_entry_bad ON plant.production_entry (run_id) WHERE kind <> 'good';
RESET ROLE;
