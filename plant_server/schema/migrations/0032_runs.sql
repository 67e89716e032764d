-- Runs, and which counts of which tag belong to them. A count is in exactly one of three places: a booking, not assigned,
-- or not looked at yet (above counted_tag.position). All of it can be rebuilt from plant.event (runs/rebuild.py).
SET ROLE lineside_plant;

-- The counter that says what a station makes, where it is not the obvious one: plant.counting_tag.
CREATE TABLE plant.chosen_counting_tag (
    equipment_id  integer PRIMARY KEY REFERENCES plant.equipment,
    tag_id        integer NOT NULL UNIQUE REFERENCES plant.tag
);

CREATE TABLE plant.run (
    run_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operation_id  bigint NOT NULL REFERENCES plant.operation,
    work_order_id bigint NOT NULL REFERENCES plant.work_order,
    equipment_id  integer NOT NULL REFERENCES plant.equipment,
    tag_id        integer REFERENCES plant.tag,  -- the counting tag; null: people count
    from_time     timestamptz NOT NULL,  -- the plant's clock
    to_time       timestamptz,           -- null while it runs
    count_source  text NOT NULL CHECK (count_source IN ('machine', 'operator', 'both')),
    setup_parts   text NOT NULL CHECK (setup_parts IN ('scrap', 'not_counted', 'good')),
    -- What was booked and what people entered (domain/balance.py); each moves by x = x + … under the order's row lock.
    booked_made   bigint NOT NULL DEFAULT 0,
    booked_scrap  bigint NOT NULL DEFAULT 0,   -- by a reject counter that counts beside the good ones
    booked_rejected bigint NOT NULL DEFAULT 0, -- by a reject counter, among those made
    booked_setup  bigint NOT NULL DEFAULT 0,   -- scrap of a set-up
    entered_good  numeric NOT NULL DEFAULT 0,
    entered_scrap numeric NOT NULL DEFAULT 0,
    entered_rework numeric NOT NULL DEFAULT 0,
    among_rejects numeric NOT NULL DEFAULT 0,  -- scrap that the reject counter has counted as well
    CHECK (to_time >= from_time),
    CHECK (tag_id IS NOT NULL OR count_source = 'operator'),
    -- An alarm, never a loop: a station makes one thing at a time.
    CONSTRAINT run_one_at_a_time EXCLUDE USING gist (equipment_id WITH =, tstzrange(from_time, to_time) WITH &&)
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX run_open ON plant.run (equipment_id) WHERE to_time IS NULL;
CREATE INDEX run_of_order ON plant.run (work_order_id);

-- The counters of its station that are booked to a run: the counting tag, and a reject counter if there is one.
CREATE TABLE plant.run_tag (
    run_id        bigint NOT NULL REFERENCES plant.run,
    tag_id        integer NOT NULL REFERENCES plant.tag,
    counts        text NOT NULL CHECK (counts IN ('cycles', 'parts', 'good', 'reject')),
    among_parts   boolean NOT NULL DEFAULT false,  -- of a reject counter: the counting tag counts those as well
    settled       boolean NOT NULL DEFAULT false,  -- the run has ended and later readings have been looked at
    PRIMARY KEY (run_id, tag_id)
);
CREATE INDEX run_tag_open ON plant.run_tag (tag_id) WHERE NOT settled;

-- What holds in a run from a time on. Past settings are never changed.
CREATE TABLE plant.run_setting (
    run_id        bigint NOT NULL REFERENCES plant.run,
    from_time     timestamptz NOT NULL,
    phase         text NOT NULL CHECK (phase IN ('setup', 'production')),
    cavities      integer NOT NULL CHECK (cavities > 0),
    blocked       integer NOT NULL CHECK (blocked BETWEEN 0 AND cavities),
    cycles        integer NOT NULL CHECK (cycles > 0),  -- so many for one set of parts
    PRIMARY KEY (run_id, from_time)
);

CREATE TABLE plant.labor (
    run_id        bigint NOT NULL REFERENCES plant.run,
    person        text NOT NULL,         -- the actor: person:7
    from_time     timestamptz NOT NULL,
    to_time       timestamptz,
    PRIMARY KEY (run_id, person, from_time),
    CHECK (to_time >= from_time)
);
CREATE UNIQUE INDEX labor_open ON plant.labor (run_id, person) WHERE to_time IS NULL;

-- How far the counts of a tag have been looked at. Its row lock is the lock of the tag's bookings.
CREATE TABLE plant.counted_tag (
    tag_id        integer PRIMARY KEY REFERENCES plant.tag,
    position      numeric(20) NOT NULL DEFAULT 0,
    ts            timestamptz,           -- of the reading that brought it there
    version       integer NOT NULL DEFAULT 0  -- of its ranges: the order in which Events changed them
) WITH (fillfactor = 50);

CREATE TABLE plant.booking (
    tag_id        integer NOT NULL REFERENCES plant.tag,
    odometer_from numeric(20) NOT NULL,
    odometer_to   numeric(20) NOT NULL CHECK (odometer_to > odometer_from),
    run_id        bigint NOT NULL REFERENCES plant.run,
    setting_time  timestamptz NOT NULL,  -- the run_setting it was made under
    from_ts       timestamptz NOT NULL,  -- reading times
    to_ts         timestamptz NOT NULL,
    parts         bigint NOT NULL,       -- whole: domain/booking.py
    kind          text NOT NULL CHECK (kind IN ('made', 'scrap', 'rejected', 'not_counted')),
    by_person     boolean NOT NULL,      -- assigned afterwards
    PRIMARY KEY (tag_id, odometer_from),
    CONSTRAINT booking_once EXCLUDE USING gist (tag_id WITH =, numrange(odometer_from, odometer_to, '(]') WITH &&)
) WITH (fillfactor = 50);
CREATE INDEX booking_of_run ON plant.booking (run_id, odometer_from);

CREATE TABLE plant.not_assigned (
    tag_id        integer NOT NULL REFERENCES plant.tag,
    odometer_from numeric(20) NOT NULL,
    odometer_to   numeric(20) NOT NULL CHECK (odometer_to > odometer_from),
    from_ts       timestamptz NOT NULL,
    to_ts         timestamptz NOT NULL,
    reason        text NOT NULL CHECK (reason IN ('no_run', 'spans_runs', 'late')),
    proposed_run_id bigint REFERENCES plant.run,  -- whose it looks like
    PRIMARY KEY (tag_id, odometer_from),
    CONSTRAINT not_assigned_once EXCLUDE USING gist (tag_id WITH =, numrange(odometer_from, odometer_to, '(]') WITH &&)
) WITH (fillfactor = 50);

-- A line of a report. A report is its Event; `reverses` names the Event it takes back.
CREATE TABLE plant.production_entry (
    event_id      uuid NOT NULL,
    line          smallint NOT NULL,
    run_id        bigint NOT NULL REFERENCES plant.run,
    work_order_id bigint NOT NULL REFERENCES plant.work_order,
    kind          text NOT NULL CHECK (kind IN ('good', 'scrap', 'rework')),
    quantity      numeric NOT NULL,      -- negative in a reversal
    among_rejects boolean NOT NULL DEFAULT false,
    reason        text CHECK ((reason IS NOT NULL) = (kind <> 'good')),  -- code
    actor         text NOT NULL,
    event_time    timestamptz NOT NULL,
    recorded_time timestamptz NOT NULL,
    reverses      uuid,
    PRIMARY KEY (event_id, line)
);
CREATE INDEX production_entry_run ON plant.production_entry (run_id, recorded_time);
CREATE INDEX production_entry_order ON plant.production_entry (work_order_id, recorded_time);
CREATE UNIQUE INDEX production_entry_reversed_once ON plant.production_entry (reverses, line) WHERE reverses IS NOT NULL;

-- What an ERP was told of a run so far, or will be when its undo time is over: documents are differences to it.
CREATE TABLE plant.run_told (
    run_id        bigint NOT NULL REFERENCES plant.run,
    kind          text NOT NULL CHECK (kind IN ('completion', 'scrap', 'rework')),
    reason        text NOT NULL DEFAULT '',
    quantity      numeric NOT NULL,
    PRIMARY KEY (run_id, kind, reason)
) WITH (fillfactor = 50);

-- The counts that stand in a document: each booked one in one.
CREATE TABLE plant.told_range (
    tag_id        integer NOT NULL REFERENCES plant.tag,
    odometer_from numeric(20) NOT NULL,
    odometer_to   numeric(20) NOT NULL CHECK (odometer_to > odometer_from),
    run_id        bigint NOT NULL REFERENCES plant.run,
    event_id      uuid NOT NULL,
    PRIMARY KEY (tag_id, odometer_from)
);
CREATE INDEX told_range_run ON plant.told_range (run_id);

-- What a person has to look at: counts of a closed run that came late, or people and machine counted differently.
CREATE TABLE plant.count_case (
    kind          text NOT NULL CHECK (kind IN ('late', 'difference')),
    run_id        bigint NOT NULL REFERENCES plant.run,
    odometer_from numeric(20) NOT NULL DEFAULT 0,  -- late: where the range in plant.not_assigned began
    quantity      numeric NOT NULL,      -- late: steps; difference: told less counted
    opened_time   timestamptz NOT NULL,
    settled_time  timestamptz,
    settled_by    text,
    note          text,
    PRIMARY KEY (kind, run_id, odometer_from)
);

-- The counter of each device that says what is made: parts, else good, else cycles; or the one chosen for its equipment.
CREATE VIEW plant.counting_tag AS
SELECT DISTINCT ON (device.device_id) device.device_id, accepted.equipment_id, tag.tag_id, tag.counts
FROM plant.device
JOIN plant.tag ON tag.device_id = device.device_id AND tag.role = 'counter'
LEFT JOIN plant.equipment_proposal AS accepted ON accepted.device_id = device.device_id AND accepted.state = 'accepted'
LEFT JOIN plant.chosen_counting_tag AS chosen ON chosen.tag_id = tag.tag_id
WHERE chosen.tag_id IS NOT NULL OR tag.counts IN ('parts', 'good', 'cycles')
ORDER BY device.device_id, chosen.tag_id IS NULL, array_position(ARRAY['parts', 'good', 'cycles'], tag.counts), tag.tag_id;

-- stored = booked + not_assigned, per counter that says what is made and every counter of parts.
CREATE VIEW plant.counted_balance AS
SELECT device.name AS device, tag.tag_id, tag.name AS tag, odometer.total AS stored,
       coalesce(booking.steps, 0) AS booked,
       coalesce(waiting.steps, 0) + odometer.total - coalesce(counted_tag.position, 0) AS not_assigned
FROM plant.odometer
JOIN plant.tag USING (tag_id)
JOIN plant.device USING (device_id)
LEFT JOIN plant.counted_tag USING (tag_id)
LEFT JOIN (SELECT tag_id, sum(odometer_to - odometer_from) AS steps FROM plant.booking GROUP BY tag_id) AS booking
       USING (tag_id)
LEFT JOIN (SELECT tag_id, sum(odometer_to - odometer_from) AS steps FROM plant.not_assigned GROUP BY tag_id) AS waiting
       USING (tag_id)
WHERE tag.role = 'counter' AND (tag.counts = 'parts' OR counted_tag.tag_id IS NOT NULL);
COMMENT ON VIEW plant.counted_balance IS 'stored = booked + not_assigned of each counter; bookings and ranges are independent of the total';
RESET ROLE;
