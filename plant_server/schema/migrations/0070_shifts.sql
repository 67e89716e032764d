-- When the plant is meant to work. Patterns say it by the wall clock of the site; the keeper lays them out as instances in
-- UTC (keeper/shifts.py), and everything else reads the instances. A fuller calendar will write the same instances.
SET ROLE lineside_plant;

-- On the weekdays (0 Monday … 6 Sunday) on which it starts; an end not after its start is on the next day.
CREATE TABLE plant.shift_pattern (
    code          text PRIMARY KEY,
    name_en       text NOT NULL,
    name_zh       text NOT NULL,
    start_time    time NOT NULL,
    end_time      time NOT NULL,
    weekdays      smallint[] NOT NULL DEFAULT '{0,1,2,3,4,5,6}' CHECK (weekdays <@ '{0,1,2,3,4,5,6}'),
    is_stated     boolean NOT NULL DEFAULT true  -- false: nobody said when the plant works
);
-- Until somebody states shifts: whole days, in which a machine that is off or maintained was not meant to work.
INSERT INTO plant.shift_pattern (code, name_en, name_zh, start_time, end_time, is_stated)
VALUES ('day', 'Whole day', '全天', '00:00', '00:00', false);

CREATE TABLE plant.shift (
    shift_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code          text NOT NULL,
    name_en       text NOT NULL,
    name_zh       text NOT NULL,
    business_date date NOT NULL,         -- the local date on which it starts
    from_ts       timestamptz NOT NULL,
    to_ts         timestamptz NOT NULL CHECK (to_ts > from_ts),
    is_stated     boolean NOT NULL,
    UNIQUE (code, business_date),
    CONSTRAINT shift_one_at_a_time EXCLUDE USING gist (tstzrange(from_ts, to_ts) WITH &&)
);
COMMENT ON TABLE plant.shift IS 'Contract: when the plant was and is meant to work. Past instances are never changed.';
RESET ROLE;
