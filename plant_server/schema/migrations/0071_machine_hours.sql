-- Hours of machines and meters: what boards add up. Every row can be made again from the facts, and is when they change:
-- whoever changes a fact marks the time it speaks of, and the keeper makes those hours again (keeper/machine_hours.py).
SET ROLE lineside_plant;

-- What is looked at as a machine: it tells its state, or counts. An entry of a person belongs to the first of a station.
CREATE VIEW plant.machine AS
SELECT place.device_id, place.name, place.path, place.equipment_id, counting.tag_id AS counting_tag, counting.counts,
       place.equipment_id IS NOT NULL AND place.device_id = min(place.device_id) OVER (PARTITION BY place.equipment_id) AS is_first
FROM plant.device_place AS place
LEFT JOIN plant.counting_tag AS counting USING (device_id)
WHERE counting.tag_id IS NOT NULL
   OR EXISTS (SELECT FROM plant.tag WHERE tag.device_id = place.device_id AND tag.role = 'state');

-- Which time of ISO 22400 a stop reason means: its own word, else its parent's.
CREATE VIEW plant.stop_reason_time AS
WITH RECURSIVE told AS (
    SELECT reason_id, code, stop_time, parent_id FROM plant.reason WHERE kind = 'stop'
    UNION ALL
    SELECT told.reason_id, told.code, parent.stop_time, parent.parent_id
    FROM told JOIN plant.reason AS parent ON parent.reason_id = told.parent_id WHERE told.stop_time IS NULL
)
SELECT code, max(stop_time) AS stop_time FROM told GROUP BY code;

-- An hour (UTC) of a machine, cut where a shift begins or ends. Times are exclusive of one another; with unknown_s they
-- are what has passed of the period until as_of.
CREATE TABLE plant.machine_hour (
    device_id     integer NOT NULL REFERENCES plant.device,
    from_ts       timestamptz NOT NULL,
    to_ts         timestamptz NOT NULL,
    as_of         timestamptz NOT NULL,  -- how far the machine was known when the row was made
    shift_id      bigint,                -- null: the plant was not meant to work
    producing_s   double precision NOT NULL,
    setup_s       double precision NOT NULL,
    unplanned_s   double precision NOT NULL,   -- stood still for a reason of this kind
    blocked_s     double precision NOT NULL,
    unexplained_s double precision NOT NULL,   -- stood still, and nobody said why
    planned_s     double precision NOT NULL,   -- stood still as planned: not planned busy time
    unknown_s     double precision NOT NULL,   -- nobody knows what it did
    made          numeric NOT NULL,      -- of runs: good + scrap + rework
    scrap         numeric NOT NULL,
    rework        numeric NOT NULL,
    rejected      numeric NOT NULL,      -- of the scrap: by a reject counter
    setup_scrap   numeric NOT NULL,      -- of the scrap: made during set-up
    not_assigned  numeric NOT NULL,      -- steps of the counter that belong to no run (yet)
    planned_run_s double precision NOT NULL,   -- made x planned run time per item
    unrated       numeric NOT NULL,      -- of made: without a planned run time
    PRIMARY KEY (device_id, from_ts)
) WITH (fillfactor = 70);
CREATE INDEX machine_hour_from ON plant.machine_hour (from_ts);
CREATE INDEX machine_hour_shift ON plant.machine_hour (shift_id);

CREATE TABLE plant.meter_hour (
    tag_id        integer NOT NULL REFERENCES plant.tag,
    hour          timestamptz NOT NULL,
    energy_wh     numeric(20) NOT NULL,  -- odometer at the last reading <= the hour's end, less the same at its beginning
    PRIMARY KEY (tag_id, hour)
) WITH (fillfactor = 70);
CREATE INDEX meter_hour_hour ON plant.meter_hour (hour);

-- How much was committed in a minute and how late, of plant.commit_log, which is too long to be read for a picture.
CREATE TABLE plant.commit_minute (
    edge_id       integer NOT NULL REFERENCES plant.edge,
    minute        timestamptz NOT NULL,
    commits       bigint NOT NULL,
    samples       bigint NOT NULL,
    lag_p50_s     double precision,      -- stored_time less the newest source time of a commit
    lag_p95_s     double precision,
    PRIMARY KEY (edge_id, minute)
);
CREATE INDEX commit_minute_minute ON plant.commit_minute (minute);

-- An append-only log without a key, as plant.dirty: which time of which machine may look different now.
CREATE TABLE plant.hour_dirty (
    device_id     integer NOT NULL,
    from_ts       timestamptz NOT NULL,
    to_ts         timestamptz            -- null: up to now
);

-- Intervals and bookings grow at their end all the time: then only what lies beyond the old end is another.
CREATE FUNCTION plant.mark_interval_hours() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (OLD.device_id, OLD.state, OLD.from_ts) = (NEW.device_id, NEW.state, NEW.from_ts) THEN
        INSERT INTO plant.hour_dirty VALUES (NEW.device_id, coalesce(least(OLD.to_ts, NEW.to_ts), now()),
            CASE WHEN OLD.to_ts IS NOT NULL AND NEW.to_ts IS NOT NULL THEN greatest(OLD.to_ts, NEW.to_ts) END);
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO plant.hour_dirty VALUES (OLD.device_id, OLD.from_ts, OLD.to_ts);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO plant.hour_dirty VALUES (NEW.device_id, NEW.from_ts, NEW.to_ts);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER mark_interval_hours AFTER INSERT OR UPDATE OR DELETE ON plant.machine_state_interval
    FOR EACH ROW EXECUTE FUNCTION plant.mark_interval_hours();

CREATE FUNCTION plant.mark_piece_hours() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN  -- Of a stop that goes with its pieces nothing is left to ask: its intervals mark as well.
        INSERT INTO plant.hour_dirty SELECT device_id, OLD.from_ts, OLD.to_ts FROM plant.stop WHERE stop_id = OLD.stop_id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO plant.hour_dirty SELECT device_id, NEW.from_ts, NEW.to_ts FROM plant.stop WHERE stop_id = NEW.stop_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER mark_piece_hours AFTER INSERT OR UPDATE OR DELETE ON plant.stop_piece
    FOR EACH ROW EXECUTE FUNCTION plant.mark_piece_hours();

CREATE FUNCTION plant.mark_count_hours() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    grown boolean := TG_OP = 'UPDATE';
BEGIN
    IF TG_OP = 'UPDATE' THEN
        grown := OLD.tag_id = NEW.tag_id AND OLD.odometer_from = NEW.odometer_from AND OLD.from_ts = NEW.from_ts;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO plant.hour_dirty SELECT device_id, CASE WHEN grown THEN least(OLD.to_ts, NEW.to_ts) ELSE OLD.from_ts END,
            OLD.to_ts FROM plant.tag WHERE tag_id = OLD.tag_id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO plant.hour_dirty SELECT device_id, CASE WHEN grown THEN least(OLD.to_ts, NEW.to_ts) ELSE NEW.from_ts END,
            NEW.to_ts FROM plant.tag WHERE tag_id = NEW.tag_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER mark_count_hours AFTER INSERT OR UPDATE OR DELETE ON plant.booking
    FOR EACH ROW EXECUTE FUNCTION plant.mark_count_hours();
CREATE TRIGGER mark_count_hours AFTER INSERT OR UPDATE OR DELETE ON plant.not_assigned
    FOR EACH ROW EXECUTE FUNCTION plant.mark_count_hours();

-- Boards ask for what stood in a span, and for what stands.
CREATE INDEX stop_piece_span ON plant.stop_piece USING gist (tstzrange(from_ts, to_ts));
CREATE INDEX stop_piece_open ON plant.stop_piece (stop_id) WHERE to_ts IS NULL;

CREATE INDEX production_entry_event ON plant.production_entry (event_time);
CREATE FUNCTION plant.mark_entry_hours() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    entry plant.production_entry := coalesce(NEW, OLD);
BEGIN
    INSERT INTO plant.hour_dirty
    SELECT machine.device_id, entry.event_time, entry.event_time
    FROM plant.run JOIN plant.machine USING (equipment_id) WHERE run.run_id = entry.run_id AND machine.is_first;
    RETURN NULL;
END $$;
CREATE TRIGGER mark_entry_hours AFTER INSERT OR DELETE ON plant.production_entry
    FOR EACH ROW EXECUTE FUNCTION plant.mark_entry_hours();

CREATE FUNCTION plant.mark_shift_hours() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    shift plant.shift := coalesce(NEW, OLD);
BEGIN
    INSERT INTO plant.hour_dirty
    SELECT device_id, shift.from_ts, shift.to_ts FROM plant.machine WHERE shift.from_ts < now();
    RETURN NULL;
END $$;
CREATE TRIGGER mark_shift_hours AFTER INSERT OR UPDATE OR DELETE ON plant.shift
    FOR EACH ROW EXECUTE FUNCTION plant.mark_shift_hours();

-- What is there already.
INSERT INTO plant.hour_dirty SELECT device_id, min(from_ts), NULL FROM plant.machine_state_interval GROUP BY device_id;
INSERT INTO plant.hour_dirty SELECT tag.device_id, min(from_ts), NULL FROM plant.booking JOIN plant.tag USING (tag_id) GROUP BY 1;
INSERT INTO plant.hour_dirty SELECT tag.device_id, min(from_ts), NULL FROM plant.not_assigned JOIN plant.tag USING (tag_id) GROUP BY 1;
INSERT INTO plant.meter_hour (tag_id, hour, energy_wh)
SELECT tag_id, hour, total - coalesce(lag(total) OVER (PARTITION BY tag_id ORDER BY hour), 0)
FROM (SELECT tag_id, date_trunc('hour', ts - interval '1 microsecond', 'UTC') AS hour, max(total) AS total
      FROM plant.odometer_log JOIN plant.tag USING (tag_id) WHERE role = 'meter' AND unit = 'Wh' GROUP BY 1, 2) AS ends;
RESET ROLE;
