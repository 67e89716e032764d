-- A new day no longer waits for every reader of the table: CREATE TABLE … PARTITION OF takes an ACCESS EXCLUSIVE lock
-- on the parent, ATTACH PARTITION one that readers and writers do not notice.
SET ROLE lineside_plant;
CREATE OR REPLACE FUNCTION plant.ensure_sample_partition(day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    part text;
BEGIN
    FOREACH parent IN ARRAY ARRAY['sample', 'text_sample'] LOOP
        part := parent || '_' || to_char(day, 'YYYYMMDD');
        IF to_regclass('plant.' || part) IS NULL THEN
            PERFORM pg_advisory_xact_lock(hashtext('plant.ensure_sample_partition'));
            IF to_regclass('plant.' || part) IS NULL THEN
                EXECUTE format('CREATE TABLE plant.%I (LIKE plant.%I)', part, parent);
                EXECUTE format('ALTER TABLE plant.%I ATTACH PARTITION plant.%I FOR VALUES FROM (%L) TO (%L)',
                    parent, part, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
            END IF;
        END IF;
    END LOOP;
END $$;
RESET ROLE;
