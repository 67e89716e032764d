-- What one shift leaves to the next at a station. Note and summary stand in the Event that wrote them as well; here they
-- wait until somebody has read them.
SET ROLE lineside_plant;
CREATE TABLE plant.hand_over (
    hand_over_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id      uuid NOT NULL UNIQUE,
    equipment_id  integer NOT NULL REFERENCES plant.equipment,
    from_time     timestamptz NOT NULL,  -- what the summary is of: since the hand-over before, 12 hours at most
    to_time       timestamptz NOT NULL CHECK (to_time > from_time),
    note          text NOT NULL CHECK (length(note) <= 500),
    summary       jsonb NOT NULL,
    written_by    integer NOT NULL REFERENCES plant.person,
    read_by       integer REFERENCES plant.person,
    read_time     timestamptz,
    CHECK ((read_by IS NULL) = (read_time IS NULL)),
    CHECK (read_by <> written_by)
);
CREATE INDEX hand_over_at ON plant.hand_over (equipment_id, to_time);
RESET ROLE;
