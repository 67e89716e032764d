-- What is stored, and how far: the cursor makes it once; samples carry no key of their own.
SET ROLE lineside_plant;

-- committed: every entry of this epoch up to this number is stored, in a gap record, or in quarantine.
CREATE TABLE plant.edge_cursor (
    edge_id       integer NOT NULL REFERENCES plant.edge,
    epoch         uuid NOT NULL,
    committed     bigint NOT NULL DEFAULT 0 CHECK (committed >= 0),
    started_time  timestamptz NOT NULL DEFAULT now(),
    moved_time    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (edge_id, epoch)
) WITH (fillfactor = 50);

-- One row per transaction and edge: when which entries were stored. Lag is stored_time - newest.
CREATE TABLE plant.commit_log (
    edge_id       integer NOT NULL REFERENCES plant.edge,
    epoch         uuid NOT NULL,
    first         bigint NOT NULL,
    last          bigint NOT NULL,
    samples       integer NOT NULL,
    oldest        timestamptz,           -- source_time of the oldest and newest sample in it
    newest        timestamptz,
    stored_time   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX commit_log_stored ON plant.commit_log USING brin (stored_time);

-- Column order saves 8 bytes a row over (ts, tag_id, value, quality).
CREATE TABLE plant.sample (
    ts            timestamptz NOT NULL,  -- source_time
    value         double precision,      -- null where the quality is bad
    tag_id        integer NOT NULL,
    quality       smallint NOT NULL      -- Sparkplug's 0 bad, 192 good, 500 stale; plus 1: the time is the edge's
) PARTITION BY RANGE (ts);
CREATE INDEX sample_tag_ts ON plant.sample (tag_id, ts);

CREATE TABLE plant.text_sample (
    ts            timestamptz NOT NULL,
    tag_id        integer NOT NULL,
    quality       smallint NOT NULL,
    value         text
) PARTITION BY RANGE (ts);
CREATE INDEX text_sample_tag_ts ON plant.text_sample (tag_id, ts);

-- Daily partitions of both tables. Called by the keeper seven days ahead and by ingest for the days of a backlog.
-- The advisory lock lets two callers ask for one day at once.
CREATE FUNCTION plant.ensure_sample_partition(day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    part text;
BEGIN
    FOREACH parent IN ARRAY ARRAY['sample', 'text_sample'] LOOP
        part := parent || '_' || to_char(day, 'YYYYMMDD');
        IF to_regclass('plant.' || part) IS NULL THEN
            PERFORM pg_advisory_xact_lock(hashtext('plant.ensure_sample_partition'));
            IF to_regclass('plant.' || part) IS NULL THEN
                EXECUTE format('CREATE TABLE plant.%I PARTITION OF plant.%I FOR VALUES FROM (%L) TO (%L)',
                    part, parent, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
            END IF;
        END IF;
    END LOOP;
END $$;

-- Moved by entry sequence, not by time. A live value (birth, transient, third-party node) is seen at once and never
-- stored; while a backlog drains, an older stored value does not replace it.
CREATE TABLE plant.last_value (
    tag_id        integer PRIMARY KEY REFERENCES plant.tag,
    ts            timestamptz NOT NULL,
    value         double precision,
    text          text,
    quality       smallint NOT NULL,
    is_live       boolean NOT NULL DEFAULT false,
    received_time timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- The total that never goes back. `state` is the domain's (plant_server/domain/odometer.py), moved with the cursor.
CREATE TABLE plant.odometer (
    tag_id        integer PRIMARY KEY REFERENCES plant.tag,
    total         numeric(20) NOT NULL DEFAULT 0,
    ts            timestamptz,           -- of the last reading
    state         jsonb NOT NULL,
    epoch         uuid,                  -- the spool of the last reading; another one breaks the series
    is_broken     boolean NOT NULL DEFAULT false  -- contact lost or a gap since the last reading
) WITH (fillfactor = 50);

-- Where the total stood after each advance: what bookings and energy read.
CREATE TABLE plant.odometer_log (
    tag_id        integer NOT NULL,
    ts            timestamptz NOT NULL,
    total         numeric(20) NOT NULL
);
CREATE INDEX odometer_log_tag_ts ON plant.odometer_log (tag_id, ts);

-- What the odometer could not know: between two readings something from at_least to at_most was made, it took `believed`.
CREATE TABLE plant.odometer_case (
    case_id       integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tag_id        integer NOT NULL REFERENCES plant.tag,
    number        integer NOT NULL,      -- from 1 per tag, by the domain: a case told again replaces its row
    kind          text NOT NULL,
    from_ts       timestamptz NOT NULL,
    to_ts         timestamptz NOT NULL,
    from_value    numeric(20) NOT NULL,
    to_value      numeric(20) NOT NULL,
    at_least      numeric(20) NOT NULL,
    at_most       numeric(20) NOT NULL,
    believed      numeric(20) NOT NULL,
    state         text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'settled')),
    detail        text,
    opened_time   timestamptz NOT NULL DEFAULT now(),
    settled_time  timestamptz,
    UNIQUE (tag_id, number)
);
CREATE INDEX odometer_case_tag ON plant.odometer_case (tag_id, from_ts);

-- What an edge had to drop: one row per tag of a gap record, or one without a tag when nobody can know which.
CREATE TABLE plant.gap (
    gap_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    edge_id       integer NOT NULL REFERENCES plant.edge,
    epoch         uuid NOT NULL,
    first         bigint NOT NULL,
    last          bigint NOT NULL,
    reason        text NOT NULL,
    device        text,
    tag           text,
    from_ts       timestamptz,
    to_ts         timestamptz,
    count         bigint,
    stored_time   timestamptz NOT NULL DEFAULT now()
);

-- A device's contact as the edge saw it, with source_time: a fact, unlike device.online, which is live.
CREATE TABLE plant.device_contact (
    device_id     integer NOT NULL REFERENCES plant.device,
    ts            timestamptz NOT NULL,
    online        boolean NOT NULL
);
CREATE INDEX device_contact_ts ON plant.device_contact (device_id, ts);

-- What could not be stored, with its bytes and the reason. The cursor has moved past it.
CREATE TABLE plant.quarantine (
    quarantine_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    edge_id       integer REFERENCES plant.edge,
    topic         text NOT NULL,
    payload       bytea NOT NULL,
    reason        text NOT NULL,         -- a stable code
    detail        text NOT NULL,
    epoch         uuid,
    first         bigint,
    last          bigint,
    received_time timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE plant.sample_quarantine (
    ts            timestamptz,
    time_ms       numeric(20) NOT NULL,  -- as sent; may lie outside timestamptz
    value         double precision,
    text          text,
    tag_id        integer NOT NULL REFERENCES plant.tag,
    quality       smallint NOT NULL,
    reason        text NOT NULL,         -- too_old | too_new | …
    stored_time   timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE plant.alarm (
    alarm_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind          text NOT NULL,         -- clock_skew | two_epochs | odometer_case | …
    subject       text NOT NULL,
    detail        text NOT NULL,
    raised_time   timestamptz NOT NULL DEFAULT now(),
    cleared_time  timestamptz
);
CREATE UNIQUE INDEX alarm_open ON plant.alarm (kind, subject) WHERE cleared_time IS NULL;
RESET ROLE;
