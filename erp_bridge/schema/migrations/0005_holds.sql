-- After a restore of the plant nothing is told until a person has seen what the others know already, and released it.
CREATE TABLE bridge.hold (
    connector      text NOT NULL,
    restoration_id bigint NOT NULL,      -- of plant.restoration
    since          timestamptz NOT NULL,
    backup_time    timestamptz NOT NULL, -- what was told after it is not known here
    examined_time  timestamptz,          -- when the other system was asked last, for everything; null: never yet
    problem        jsonb,                -- why it could not be asked the last time: {code, message}
    released_time  timestamptz,
    released_by    text,
    PRIMARY KEY (connector, restoration_id)
);

-- Whether nothing may be sent: a restore is at work, or nobody released this system since. A restore is no row of ours, so
-- that it holds before any bridge has heard of it.
CREATE FUNCTION bridge.is_held(system text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM plant.restoration
        WHERE NOT EXISTS (
            SELECT FROM bridge.hold
            WHERE hold.connector = system AND hold.restoration_id = restoration.restoration_id
              AND hold.released_time IS NOT NULL
        )
    ) OR EXISTS (
        SELECT FROM pg_catalog.pg_locks AS locks JOIN pg_catalog.pg_database AS here ON here.oid = locks.database
        WHERE here.datname = current_database() AND locks.locktype = 'advisory' AND locks.objsubid = 1
          AND ((locks.classid::bigint << 32) | locks.objid::bigint) = hashtextextended('lineside.restore', 0)
    )
$$;

-- What stands there under a key of ours that no document has: it was told after the backup. A line each, in their codes. It
-- counts as told: what is told of the same thing of the same order is told less by it.
CREATE TABLE bridge.told_before (
    connector   text NOT NULL,
    key         text NOT NULL,           -- the key we gave it
    line        integer NOT NULL,
    reference   text NOT NULL,           -- their number
    kind        text NOT NULL,
    work_order  text,
    thing       text NOT NULL,           -- item, machine, class of labor …
    lot         text NOT NULL,
    unit        text NOT NULL,
    quantity    numeric NOT NULL,        -- below 0: it takes back what we know as told; for people alone
    told_time   timestamptz NOT NULL,
    PRIMARY KEY (connector, key, line)
);
CREATE INDEX told_before_order ON bridge.told_before (connector, work_order, kind);

-- By how much a document is told less. The document itself stays whole: corrections take from what happened.
CREATE TABLE bridge.told_before_use (
    connector     text NOT NULL,
    key           text NOT NULL,
    line          integer NOT NULL,
    document_id   uuid NOT NULL REFERENCES bridge.document,
    document_line integer NOT NULL,      -- of its body, from 0
    quantity      numeric NOT NULL CHECK (quantity > 0),   -- in their unit
    own_quantity  numeric NOT NULL CHECK (own_quantity > 0),   -- in the unit of the body
    PRIMARY KEY (document_id, document_line, key, line),
    FOREIGN KEY (connector, key, line) REFERENCES bridge.told_before ON DELETE CASCADE
);
CREATE INDEX told_before_use_line ON bridge.told_before_use (connector, key, line);

CREATE OR REPLACE VIEW bi.erp_hold AS
SELECT hold.connector, restoration.restored_time AS since, restoration.backup_time, hold.examined_time,
       hold.problem ->> 'code' AS problem, now() AS as_of
FROM plant.restoration LEFT JOIN bridge.hold USING (restoration_id)
WHERE hold.released_time IS NULL;
