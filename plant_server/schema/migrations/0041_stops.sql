-- Stops: a projection of the machine states, made again whenever those change, and what people said of them, which is
-- never changed. A reason is kept with the span of time that was seen when it was said, not with a row of the projection,
-- so it stands wherever late facts move the bounds of the stop.
SET ROLE lineside_plant;

-- Where a device stands: the equipment it was accepted as, else what its birth says.
CREATE VIEW plant.device_place AS
SELECT device.device_id, device.name, accepted.equipment_id, coalesce(equipment.path, device.path) AS path
FROM plant.device
LEFT JOIN plant.equipment_proposal AS accepted ON accepted.device_id = device.device_id AND accepted.state = 'accepted'
LEFT JOIN plant.equipment USING (equipment_id);

-- Below this a stop is a micro-stop and needs no reason. The nearest path at or above the machine holds; '' is the plant.
CREATE TABLE plant.stop_threshold (
    path          text PRIMARY KEY,
    micro_below_s integer NOT NULL CHECK (micro_below_s BETWEEN 0 AND 86400)
);
INSERT INTO plant.stop_threshold (path, micro_below_s) VALUES ('', 120);

CREATE FUNCTION plant.micro_below_s(of_path text) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT micro_below_s FROM plant.stop_threshold
    WHERE path IN ('', of_path) OR starts_with(of_path, path || '/')
    ORDER BY length(path) DESC LIMIT 1
$$;

CREATE TABLE plant.stop (
    stop_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id     integer NOT NULL REFERENCES plant.device,
    from_ts       timestamptz NOT NULL,
    to_ts         timestamptz,           -- null: still standing
    micro_below_s integer NOT NULL,      -- the threshold it was judged by
    states        text[] NOT NULL,
    CHECK (to_ts > from_ts),
    EXCLUDE USING gist (device_id WITH =, tstzrange(from_ts, to_ts) WITH &&) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX stop_from ON plant.stop (device_id, from_ts);

-- The parts of a stop, each with one reason; null: unassigned.
CREATE TABLE plant.stop_piece (
    stop_id       bigint NOT NULL REFERENCES plant.stop ON DELETE CASCADE,
    from_ts       timestamptz NOT NULL,
    to_ts         timestamptz,
    reason        text,                  -- code of kind stop
    PRIMARY KEY (stop_id, from_ts),
    CHECK (to_ts > from_ts)
);

-- Stops that late facts took back: whoever still names one means its time.
CREATE TABLE plant.stop_gone (
    stop_id       bigint PRIMARY KEY,
    device_id     integer NOT NULL REFERENCES plant.device,
    from_ts       timestamptz NOT NULL,
    to_ts         timestamptz,
    gone_time     timestamptz NOT NULL DEFAULT now()
);

-- A person's word on [from_ts, to_ts). The latest word holds; a null reason takes back what was said before.
CREATE TABLE plant.stop_reason (
    word_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id     integer NOT NULL REFERENCES plant.device,
    from_ts       timestamptz NOT NULL,
    to_ts         timestamptz NOT NULL CHECK (to_ts > from_ts),
    from_start    boolean NOT NULL,      -- meant from the stop's beginning, wherever that comes to be
    to_end        boolean NOT NULL,      -- meant to the stop's end
    reason        text,
    note          text,
    actor         text NOT NULL,
    event_id      uuid NOT NULL,
    said_time     timestamptz NOT NULL,  -- the person's clock
    recorded_time timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX stop_reason_device ON plant.stop_reason (device_id, to_ts);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON plant.stop_reason
    FOR EACH ROW EXECUTE FUNCTION plant.refuse_change();

-- An append-only log without a key, as plant.dirty: since when a device's stops may be others.
CREATE TABLE plant.stop_dirty (
    device_id     integer NOT NULL,
    since         timestamptz NOT NULL
);
INSERT INTO plant.stop_dirty (device_id, since)
SELECT device_id, min(from_ts) FROM plant.machine_state_interval GROUP BY device_id;

CREATE FUNCTION plant.mark_stops_dirty() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO plant.stop_dirty (device_id, since) VALUES (OLD.device_id, OLD.from_ts);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO plant.stop_dirty (device_id, since) VALUES (NEW.device_id, NEW.from_ts);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER mark_stops_dirty AFTER INSERT OR UPDATE OR DELETE ON plant.machine_state_interval
    FOR EACH ROW EXECUTE FUNCTION plant.mark_stops_dirty();
RESET ROLE;
