-- Andon calls: rows are made again from their Events (andon/rebuild.sql). What an Event keeps of a call is the whole row
-- as it was then, and `version` says which of them is the newest.
SET ROLE lineside_plant;

CREATE TABLE plant.andon_call (
    call_id       uuid PRIMARY KEY,      -- the Event that raised it
    path          text NOT NULL,         -- of the machine, or of the line
    line          text NOT NULL,
    type          text NOT NULL CHECK (type IN ('material', 'quality', 'maintenance', 'lead')),
    note          text NOT NULL CHECK (length(note) <= 500),
    raised_by     text NOT NULL,         -- person:7, station:3 where nobody had signed in, keeper for a machine's fault
    raised_device text,                  -- the terminal: station:3
    raised_time   timestamptz NOT NULL,  -- when it was called
    heard_time    timestamptz NOT NULL,  -- when the plant heard of it
    is_late       boolean NOT NULL,      -- heard of more than 5 min after: listed, and nobody is told
    state         text NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved', 'withdrawn')),
    acknowledged_by text,
    acknowledged_time timestamptz,       -- the first answer
    eta_time      timestamptz,
    ended_by      text,
    ended_time    timestamptz,
    level         smallint NOT NULL,     -- the highest that was told
    version       integer NOT NULL,
    CHECK ((ended_time IS NULL) = (state IN ('open', 'acknowledged'))),
    CHECK (raised_time <= heard_time)
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX andon_call_open ON plant.andon_call (path, type, is_late) WHERE ended_time IS NULL;
CREATE INDEX andon_call_raised ON plant.andon_call (raised_time);

-- Who was told of a call at which level. Where nobody has one of the roles, `people` is empty: a lead sees that too.
CREATE TABLE plant.andon_told (
    call_id       uuid NOT NULL REFERENCES plant.andon_call,
    level         smallint NOT NULL,
    roles         text[] NOT NULL,
    people        integer[] NOT NULL,
    told_time     timestamptz NOT NULL,
    PRIMARY KEY (call_id, level)
);

-- Settings of the site. Without roles those are told whose kind of call it is.
CREATE TABLE plant.andon_level (
    level         smallint PRIMARY KEY CHECK (level > 0),
    after_s       integer NOT NULL CHECK (after_s BETWEEN 1 AND 86400),
    roles         text[] NOT NULL
);
INSERT INTO plant.andon_level (level, after_s, roles) VALUES
    (1, 180, '{}'), (2, 300, '{lead}'), (3, 900, '{lead,maintenance,quality}'), (4, 1800, '{manager}');
CREATE TABLE plant.andon_setting (
    is_only       boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    fault_after_s integer CHECK (fault_after_s BETWEEN 0 AND 240)  -- a machine in fault calls by itself; null: it does not
);
INSERT INTO plant.andon_setting (fault_after_s) VALUES (60);

CREATE VIEW bi.andon_call AS
SELECT call.call_id, regexp_replace(call.path, '^.*/', '') AS machine, call.path, call.line, call.type, call.note,
       call.raised_by = 'keeper' AS is_by_machine, call.state, call.is_late, call.raised_time, call.heard_time,
       call.acknowledged_time, call.eta_time, call.ended_time, call.level,
       CASE WHEN call.ended_time IS NULL THEN extract(epoch FROM now() - call.raised_time)::float8 END AS age_s,
       CASE WHEN NOT call.is_late THEN extract(epoch FROM call.acknowledged_time - call.raised_time)::float8 END AS response_s,
       CASE WHEN call.state = 'resolved' AND NOT call.is_late
            THEN extract(epoch FROM call.ended_time - call.raised_time)::float8 END AS resolution_s,
       now() AS as_of
FROM plant.andon_call AS call;
COMMENT ON VIEW bi.andon_call IS 'Who called for help where, and how soon did somebody answer? age_s: of calls that go on; response_s: from raised to first acknowledged; is_late: heard of more than 5 min after it was made, so it alarmed nobody and has no response; level: the highest that was told';

CREATE VIEW bi.andon_day AS
SELECT day.business_date, call.line, call.type, count(*) AS calls, count(call.acknowledged_time) AS acknowledged,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM call.acknowledged_time - call.raised_time)::float8) AS median_response_s,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM call.acknowledged_time - call.raised_time)::float8) AS p95_response_s,
       now() AS as_of
FROM plant.andon_call AS call
LEFT JOIN LATERAL (SELECT business_date FROM plant.shift WHERE shift.from_ts <= call.raised_time
                   ORDER BY shift.from_ts DESC LIMIT 1) AS day ON true
WHERE NOT call.is_late
GROUP BY day.business_date, call.line, call.type;
COMMENT ON VIEW bi.andon_day IS 'How soon were calls of a day answered, by line and type? Median and 95th percentile of acknowledged less raised, in s, of those that were acknowledged; late calls are left out. Of longer spans ask bi.andon_call: percentiles do not add up';

GRANT SELECT ON bi.andon_call, bi.andon_day TO lineside_bi;
RESET ROLE;
