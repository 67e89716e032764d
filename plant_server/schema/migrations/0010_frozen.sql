-- How far back the raw samples may be gone. Moved forward only, in the transaction that drops the partitions: a
-- rollup before it cannot be made again, so late data (or a longer retention set later) must not overwrite it.
SET ROLE lineside_plant;
CREATE TABLE plant.frozen (
    only_row      boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    before        timestamptz NOT NULL
);
INSERT INTO plant.frozen (before) VALUES ('-infinity');

-- A lost contact and a gap change what is known of a machine's state, so they mark the minute of its state tags.
CREATE FUNCTION plant.mark_contact_dirty() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO plant.dirty (tag_id, minute)
    SELECT tag_id, date_trunc('minute', NEW.ts) FROM plant.tag WHERE device_id = NEW.device_id AND role = 'state';
    RETURN NULL;
END $$;
CREATE TRIGGER mark_contact_dirty AFTER INSERT ON plant.device_contact
    FOR EACH ROW EXECUTE FUNCTION plant.mark_contact_dirty();

CREATE FUNCTION plant.mark_gap_dirty() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO plant.dirty (tag_id, minute)
    SELECT tag.tag_id, date_trunc('minute', NEW.from_ts)
    FROM plant.tag JOIN plant.device USING (device_id)
    WHERE tag.role = 'state' AND device.edge_id = NEW.edge_id
      AND device.name = coalesce(NEW.device, device.name) AND tag.name = coalesce(NEW.tag, tag.name);
    RETURN NULL;
END $$;
CREATE TRIGGER mark_gap_dirty AFTER INSERT ON plant.gap
    FOR EACH ROW WHEN (NEW.from_ts IS NOT NULL) EXECUTE FUNCTION plant.mark_gap_dirty();
RESET ROLE;
