-- What the keeper makes of the samples. Every row can be made again from them.
SET ROLE lineside_plant;

-- An append-only log without a key: ingest appends, the keeper deletes what it read and recomputes in a later
-- statement, so a row that arrives meanwhile is seen next time.
CREATE TABLE plant.dirty (
    tag_id        integer NOT NULL,
    minute        timestamptz NOT NULL
);

-- n and sum, not averages: sums add up over any span.
CREATE TABLE plant.rollup_1m (
    tag_id        integer NOT NULL,
    minute        timestamptz NOT NULL,
    n             integer NOT NULL,      -- good samples
    n_bad         integer NOT NULL,
    s             double precision,
    min_value     double precision,
    max_value     double precision,
    first_value   double precision,
    last_value    double precision,
    PRIMARY KEY (tag_id, minute)
);

CREATE TABLE plant.machine_state_interval (
    device_id     integer NOT NULL REFERENCES plant.device,
    state         text NOT NULL,
    from_ts       timestamptz NOT NULL,
    to_ts         timestamptz,           -- null: the present state
    CHECK (to_ts > from_ts),
    EXCLUDE USING gist (device_id WITH =, tstzrange(from_ts, to_ts) WITH &&) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX machine_state_interval_from ON plant.machine_state_interval (device_id, from_ts);
RESET ROLE;
