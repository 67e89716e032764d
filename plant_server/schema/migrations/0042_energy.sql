-- Energy of runs from the odometers of meters. A meter serves the node it stands at; with a key it is shared among the
-- nodes that the key names, from then on, and what the key leaves is nobody's.
SET ROLE lineside_plant;

-- Which meter tag of a device counts, and for which node, where that is not the obvious one: plant.energy_meter.
CREATE TABLE plant.chosen_energy_meter (
    device_id     integer PRIMARY KEY REFERENCES plant.device,
    tag_id        integer NOT NULL UNIQUE REFERENCES plant.tag,
    path          text                   -- null: where the device stands
);

-- One per device: a meter may tell imported and exported energy, and both per phase. `energy` is what profiles call the
-- imported total.
CREATE VIEW plant.energy_meter AS
SELECT DISTINCT ON (place.device_id) tag.tag_id, place.device_id, place.name AS device, tag.name AS tag,
       coalesce(chosen.path, place.path) AS path
FROM plant.device_place AS place
JOIN plant.tag ON tag.device_id = place.device_id AND tag.role = 'meter' AND tag.unit = 'Wh'
LEFT JOIN plant.chosen_energy_meter AS chosen ON chosen.tag_id = tag.tag_id
ORDER BY place.device_id, chosen.tag_id IS NULL, tag.name <> 'energy', tag.tag_id;

-- Keys follow one another in time and are never changed: what was told by one stays told.
CREATE TABLE plant.energy_key (
    tag_id        integer NOT NULL REFERENCES plant.tag,
    from_time     timestamptz NOT NULL,
    whole         numeric NOT NULL CHECK (whole > 0),  -- what the weights are a share of
    basis         text NOT NULL CHECK (basis <> ''),   -- what the key is: rated power, floor area …
    event_id      uuid NOT NULL,
    PRIMARY KEY (tag_id, from_time)
);
CREATE TABLE plant.energy_share (
    tag_id        integer NOT NULL,
    from_time     timestamptz NOT NULL,
    path          text NOT NULL,
    weight        numeric NOT NULL CHECK (weight > 0),
    PRIMARY KEY (tag_id, from_time, path),
    FOREIGN KEY (tag_id, from_time) REFERENCES plant.energy_key
);
CREATE INDEX energy_share_path ON plant.energy_share (path);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON plant.energy_key
    FOR EACH ROW EXECUTE FUNCTION plant.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON plant.energy_share
    FOR EACH ROW EXECUTE FUNCTION plant.refuse_change();

-- The meters that have a say for a node: those at it, or else the topmost ones below it (a meter below another one
-- measures part of the same), and those whose keys name it.
CREATE FUNCTION plant.meters_for(of_path text) RETURNS TABLE (tag_id integer, serves boolean) LANGUAGE sql STABLE AS $$
    WITH inside AS (
        SELECT meter.tag_id, meter.path FROM plant.energy_meter AS meter
        WHERE meter.path = of_path OR starts_with(meter.path, of_path || '/')
    ), serving AS (
        SELECT inside.tag_id FROM inside
        WHERE NOT EXISTS (SELECT FROM inside AS above WHERE starts_with(inside.path, above.path || '/'))
    )
    SELECT serving.tag_id, true FROM serving
    UNION ALL
    SELECT DISTINCT share.tag_id, false FROM plant.energy_share AS share
    WHERE share.path = of_path AND share.tag_id NOT IN (SELECT serving.tag_id FROM serving)
$$;

-- Final figures of runs that have ended, written with the Event that told them.
CREATE TABLE plant.run_energy (
    run_id        bigint PRIMARY KEY REFERENCES plant.run,
    energy_wh     numeric(20) NOT NULL CHECK (energy_wh >= 0),
    meters        integer NOT NULL,      -- 0: nobody measured it
    event_id      uuid NOT NULL,
    told_time     timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE plant.run_meter_energy (
    run_id        bigint NOT NULL REFERENCES plant.run_energy,
    tag_id        integer NOT NULL REFERENCES plant.tag,
    energy_wh     numeric(20) NOT NULL CHECK (energy_wh >= 0),
    PRIMARY KEY (run_id, tag_id)
);
CREATE INDEX run_meter_energy_tag ON plant.run_meter_energy (tag_id);

-- Runs that have ended and whose energy is not told yet.
CREATE TABLE plant.energy_to_tell (
    run_id        bigint PRIMARY KEY
);
INSERT INTO plant.energy_to_tell (run_id) SELECT run_id FROM plant.run WHERE to_time IS NOT NULL;
CREATE FUNCTION plant.mark_energy_to_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO plant.energy_to_tell (run_id) VALUES (NEW.run_id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER mark_energy_to_tell AFTER INSERT OR UPDATE OF to_time ON plant.run
    FOR EACH ROW WHEN (NEW.to_time IS NOT NULL) EXECUTE FUNCTION plant.mark_energy_to_tell();

-- stored = booked + not_assigned, per meter.
CREATE VIEW plant.energy_balance AS
SELECT meter.device, meter.tag_id, meter.tag, odometer.total AS stored, coalesce(booked.energy_wh, 0) AS booked,
       odometer.total - coalesce(booked.energy_wh, 0) AS not_assigned
FROM plant.energy_meter AS meter
JOIN plant.odometer USING (tag_id)
LEFT JOIN (SELECT tag_id, sum(energy_wh) AS energy_wh FROM plant.run_meter_energy GROUP BY tag_id) AS booked
       USING (tag_id);
COMMENT ON VIEW plant.energy_balance IS 'stored = booked + not_assigned of each meter, in Wh';
RESET ROLE;
