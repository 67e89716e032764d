-- Breaks of shifts. They are laid out with the shift they belong to; what a machine stood in one was not planned busy time.
SET ROLE lineside_plant;

-- By the wall clock, within the shift: what is earlier than its start is on the next day.
CREATE TABLE plant.shift_pattern_break (
    code          text NOT NULL REFERENCES plant.shift_pattern ON DELETE CASCADE,
    start_time    time NOT NULL,
    end_time      time NOT NULL,
    PRIMARY KEY (code, start_time)
);

CREATE TABLE plant.shift_break (
    shift_id      bigint NOT NULL REFERENCES plant.shift ON DELETE CASCADE,
    from_ts       timestamptz NOT NULL,
    to_ts         timestamptz NOT NULL CHECK (to_ts > from_ts),
    PRIMARY KEY (shift_id, from_ts)
);
CREATE INDEX shift_break_span ON plant.shift_break USING gist (tstzrange(from_ts, to_ts));
COMMENT ON TABLE plant.shift_break IS 'Contract: when a shift rests. Breaks of past shifts are never changed.';

COMMENT ON COLUMN bi.machine_hour.planned_s IS 'Stood in a break of the shift, or with a reason of kind planned; where no shifts are stated also off and maintenance without a reason. Not planned busy time';
RESET ROLE;
