SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE SCHEMA bi;
ALTER SCHEMA bi OWNER TO lineside_plant;
CREATE SCHEMA bridge;
ALTER SCHEMA bridge OWNER TO lineside_bridge;
CREATE SCHEMA plant;
ALTER SCHEMA plant OWNER TO lineside_plant;
CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;
COMMENT ON EXTENSION btree_gist IS 'support for indexing common datatypes in GiST';
CREATE FUNCTION plant.ensure_sample_partition(day date) RETURNS void
    LANGUAGE plpgsql
    AS $$
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
ALTER FUNCTION plant.ensure_sample_partition(day date) OWNER TO lineside_plant;
CREATE FUNCTION plant.mark_contact_dirty() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO plant.dirty (tag_id, minute)
    SELECT tag_id, date_trunc('minute', NEW.ts) FROM plant.tag WHERE device_id = NEW.device_id AND role = 'state';
    RETURN NULL;
END $$;
ALTER FUNCTION plant.mark_contact_dirty() OWNER TO lineside_plant;
CREATE FUNCTION plant.mark_count_hours() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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
ALTER FUNCTION plant.mark_count_hours() OWNER TO lineside_plant;
CREATE FUNCTION plant.mark_energy_to_tell() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO plant.energy_to_tell (run_id) VALUES (NEW.run_id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
ALTER FUNCTION plant.mark_energy_to_tell() OWNER TO lineside_plant;
CREATE FUNCTION plant.mark_entry_hours() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    entry plant.production_entry := coalesce(NEW, OLD);
BEGIN
    INSERT INTO plant.hour_dirty
    SELECT machine.device_id, entry.event_time, entry.event_time
    FROM plant.run JOIN plant.machine USING (equipment_id) WHERE run.run_id = entry.run_id AND machine.is_first;
    RETURN NULL;
END $$;
ALTER FUNCTION plant.mark_entry_hours() OWNER TO lineside_plant;
CREATE FUNCTION plant.mark_gap_dirty() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO plant.dirty (tag_id, minute)
    SELECT tag.tag_id, date_trunc('minute', NEW.from_ts)
    FROM plant.tag JOIN plant.device USING (device_id)
    WHERE tag.role = 'state' AND device.edge_id = NEW.edge_id
      AND device.name = coalesce(NEW.device, device.name) AND tag.name = coalesce(NEW.tag, tag.name);
    RETURN NULL;
END $$;
ALTER FUNCTION plant.mark_gap_dirty() OWNER TO lineside_plant;
CREATE FUNCTION plant.mark_interval_hours() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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
ALTER FUNCTION plant.mark_interval_hours() OWNER TO lineside_plant;
CREATE FUNCTION plant.mark_piece_hours() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN  -- Of a stop that goes with its pieces nothing is left to ask: its intervals mark as well.
        INSERT INTO plant.hour_dirty SELECT device_id, OLD.from_ts, OLD.to_ts FROM plant.stop WHERE stop_id = OLD.stop_id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO plant.hour_dirty SELECT device_id, NEW.from_ts, NEW.to_ts FROM plant.stop WHERE stop_id = NEW.stop_id;
    END IF;
    RETURN NULL;
END $$;
ALTER FUNCTION plant.mark_piece_hours() OWNER TO lineside_plant;
CREATE FUNCTION plant.mark_shift_hours() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    shift plant.shift := coalesce(NEW, OLD);
BEGIN
    INSERT INTO plant.hour_dirty
    SELECT device_id, shift.from_ts, shift.to_ts FROM plant.machine WHERE shift.from_ts < now();
    RETURN NULL;
END $$;
ALTER FUNCTION plant.mark_shift_hours() OWNER TO lineside_plant;
CREATE FUNCTION plant.mark_stops_dirty() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO plant.stop_dirty (device_id, since) VALUES (OLD.device_id, OLD.from_ts);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO plant.stop_dirty (device_id, since) VALUES (NEW.device_id, NEW.from_ts);
    END IF;
    RETURN NULL;
END $$;
ALTER FUNCTION plant.mark_stops_dirty() OWNER TO lineside_plant;
CREATE FUNCTION plant.meters_for(of_path text) RETURNS TABLE(tag_id integer, serves boolean)
    LANGUAGE sql STABLE
    AS $$
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
ALTER FUNCTION plant.meters_for(of_path text) OWNER TO lineside_plant;
CREATE FUNCTION plant.micro_below_s(of_path text) RETURNS integer
    LANGUAGE sql STABLE
    AS $$
    SELECT micro_below_s FROM plant.stop_threshold
    WHERE path IN ('', of_path) OR starts_with(of_path, path || '/')
    ORDER BY length(path) DESC LIMIT 1
$$;
ALTER FUNCTION plant.micro_below_s(of_path text) OWNER TO lineside_plant;
CREATE FUNCTION plant.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'plant.% is append-only', TG_TABLE_NAME;
END $$;
ALTER FUNCTION plant.refuse_change() OWNER TO lineside_plant;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE plant.alarm (
    alarm_id bigint NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    detail text NOT NULL,
    raised_time timestamp with time zone DEFAULT now() NOT NULL,
    cleared_time timestamp with time zone
);
ALTER TABLE plant.alarm OWNER TO lineside_plant;
CREATE VIEW bi.alarm AS
 SELECT alarm.kind,
    alarm.subject,
    alarm.detail,
    alarm.raised_time,
    alarm.cleared_time,
    now() AS as_of
   FROM plant.alarm;
ALTER TABLE bi.alarm OWNER TO lineside_plant;
COMMENT ON VIEW bi.alarm IS 'Which alarms were raised? cleared_time null: still on';
CREATE TABLE plant.andon_call (
    call_id uuid NOT NULL,
    path text NOT NULL,
    line text NOT NULL,
    type text NOT NULL,
    note text NOT NULL,
    raised_by text NOT NULL,
    raised_device text,
    raised_time timestamp with time zone NOT NULL,
    heard_time timestamp with time zone NOT NULL,
    is_late boolean NOT NULL,
    state text NOT NULL,
    acknowledged_by text,
    acknowledged_time timestamp with time zone,
    eta_time timestamp with time zone,
    ended_by text,
    ended_time timestamp with time zone,
    level smallint NOT NULL,
    version integer NOT NULL,
    CONSTRAINT andon_call_check CHECK (((ended_time IS NULL) = (state = ANY (ARRAY['open'::text, 'acknowledged'::text])))),
    CONSTRAINT andon_call_check1 CHECK ((raised_time <= heard_time)),
    CONSTRAINT andon_call_note_check CHECK ((length(note) <= 500)),
    CONSTRAINT andon_call_state_check CHECK ((state = ANY (ARRAY['open'::text, 'acknowledged'::text, 'resolved'::text, 'withdrawn'::text]))),
    CONSTRAINT andon_call_type_check CHECK ((type = ANY (ARRAY['material'::text, 'quality'::text, 'maintenance'::text, 'lead'::text])))
)
WITH (fillfactor='70');
ALTER TABLE plant.andon_call OWNER TO lineside_plant;
CREATE VIEW bi.andon_call AS
 SELECT call.call_id,
    regexp_replace(call.path, '^.*/'::text, ''::text) AS machine,
    call.path,
    call.line,
    call.type,
    call.note,
    (call.raised_by = 'keeper'::text) AS is_by_machine,
    call.state,
    call.is_late,
    call.raised_time,
    call.heard_time,
    call.acknowledged_time,
    call.eta_time,
    call.ended_time,
    call.level,
        CASE
            WHEN (call.ended_time IS NULL) THEN (EXTRACT(epoch FROM (now() - call.raised_time)))::double precision
            ELSE NULL::double precision
        END AS age_s,
        CASE
            WHEN (NOT call.is_late) THEN (EXTRACT(epoch FROM (call.acknowledged_time - call.raised_time)))::double precision
            ELSE NULL::double precision
        END AS response_s,
        CASE
            WHEN ((call.state = 'resolved'::text) AND (NOT call.is_late)) THEN (EXTRACT(epoch FROM (call.ended_time - call.raised_time)))::double precision
            ELSE NULL::double precision
        END AS resolution_s,
    now() AS as_of
   FROM plant.andon_call call;
ALTER TABLE bi.andon_call OWNER TO lineside_plant;
COMMENT ON VIEW bi.andon_call IS 'Who called for help where, and how soon did somebody answer? age_s: of calls that go on; response_s: from raised to first acknowledged; is_late: heard of more than 5 min after it was made, so it alarmed nobody and has no response; level: the highest that was told';
CREATE TABLE plant.shift (
    shift_id bigint NOT NULL,
    code text NOT NULL,
    name_en text NOT NULL,
    name_zh text NOT NULL,
    business_date date NOT NULL,
    from_ts timestamp with time zone NOT NULL,
    to_ts timestamp with time zone NOT NULL,
    is_stated boolean NOT NULL,
    CONSTRAINT shift_check CHECK ((to_ts > from_ts))
);
ALTER TABLE plant.shift OWNER TO lineside_plant;
COMMENT ON TABLE plant.shift IS 'Contract: when the plant was and is meant to work. Past instances are never changed.';
CREATE VIEW bi.andon_day AS
 SELECT day.business_date,
    call.line,
    call.type,
    count(*) AS calls,
    count(call.acknowledged_time) AS acknowledged,
    percentile_cont((0.5)::double precision) WITHIN GROUP (ORDER BY ((EXTRACT(epoch FROM (call.acknowledged_time - call.raised_time)))::double precision)) AS median_response_s,
    percentile_cont((0.95)::double precision) WITHIN GROUP (ORDER BY ((EXTRACT(epoch FROM (call.acknowledged_time - call.raised_time)))::double precision)) AS p95_response_s,
    now() AS as_of
   FROM (plant.andon_call call
     LEFT JOIN LATERAL ( SELECT shift.business_date
           FROM plant.shift
          WHERE (shift.from_ts <= call.raised_time)
          ORDER BY shift.from_ts DESC
         LIMIT 1) day ON (true))
  WHERE (NOT call.is_late)
  GROUP BY day.business_date, call.line, call.type;
ALTER TABLE bi.andon_day OWNER TO lineside_plant;
COMMENT ON VIEW bi.andon_day IS 'How soon were calls of a day answered, by line and type? Median and 95th percentile of acknowledged less raised, in s, of those that were acknowledged; late calls are left out. Of longer spans ask bi.andon_call: percentiles do not add up';
CREATE TABLE plant.dirty (
    tag_id integer NOT NULL,
    minute timestamp with time zone NOT NULL
);
ALTER TABLE plant.dirty OWNER TO lineside_plant;
CREATE TABLE plant.hour_dirty (
    device_id integer NOT NULL,
    from_ts timestamp with time zone NOT NULL,
    to_ts timestamp with time zone
);
ALTER TABLE plant.hour_dirty OWNER TO lineside_plant;
CREATE TABLE plant.unsealed (
    recorded_time timestamp with time zone NOT NULL,
    event_id uuid NOT NULL
);
ALTER TABLE plant.unsealed OWNER TO lineside_plant;
CREATE VIEW bi.database AS
 SELECT (pg_database_size(current_database()))::double precision AS size_bytes,
    ( SELECT count(*) AS count
           FROM plant.dirty) AS minutes_to_make,
    ( SELECT count(*) AS count
           FROM plant.hour_dirty) AS hours_to_make,
    ( SELECT count(*) AS count
           FROM plant.unsealed) AS unsealed_events,
    now() AS as_of;
ALTER TABLE bi.database OWNER TO lineside_plant;
COMMENT ON VIEW bi.database IS 'How large is the database, and how far behind is the keeper? Rows of its to-do lists';
CREATE TABLE plant.device (
    device_id integer NOT NULL,
    edge_id integer NOT NULL,
    name text NOT NULL,
    path text,
    online boolean,
    offline_time timestamp with time zone
);
ALTER TABLE plant.device OWNER TO lineside_plant;
CREATE TABLE plant.edge (
    edge_id integer NOT NULL,
    group_id text NOT NULL,
    node text NOT NULL,
    bd_seq smallint,
    online boolean DEFAULT false NOT NULL,
    last_message timestamp with time zone,
    clock_skew_s double precision,
    contact_lost_s double precision DEFAULT 60 NOT NULL
);
ALTER TABLE plant.edge OWNER TO lineside_plant;
CREATE TABLE plant.last_value (
    tag_id integer NOT NULL,
    ts timestamp with time zone NOT NULL,
    value double precision,
    text text,
    quality smallint NOT NULL,
    is_live boolean DEFAULT false NOT NULL,
    received_time timestamp with time zone DEFAULT now() NOT NULL
)
WITH (fillfactor='50');
ALTER TABLE plant.last_value OWNER TO lineside_plant;
CREATE TABLE plant.tag (
    tag_id integer NOT NULL,
    device_id integer NOT NULL,
    name text NOT NULL,
    datatype smallint NOT NULL,
    role text DEFAULT 'measurement'::text NOT NULL,
    unit text,
    width smallint,
    scale bigint DEFAULT 1 NOT NULL,
    counts text,
    rate_max double precision,
    vocabulary text,
    created_time timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE plant.tag OWNER TO lineside_plant;
CREATE VIEW bi.edge AS
 SELECT edge.group_id,
    edge.node AS edge,
    edge.online,
    edge.last_message,
    (EXTRACT(epoch FROM (now() - edge.last_message)))::double precision AS age_s,
    edge.clock_skew_s,
    (EXTRACT(epoch FROM (now() - newest.newest)))::double precision AS stored_age_s,
    newest.newest AS stored_until,
    ( SELECT count(*) AS count
           FROM plant.device
          WHERE (device.edge_id = edge.edge_id)) AS devices,
    ( SELECT count(*) AS count
           FROM plant.device
          WHERE ((device.edge_id = edge.edge_id) AND (NOT device.online))) AS devices_offline,
    now() AS as_of
   FROM (plant.edge
     LEFT JOIN LATERAL ( SELECT max(last_value.ts) AS newest
           FROM ((plant.last_value
             JOIN plant.tag USING (tag_id))
             JOIN plant.device USING (device_id))
          WHERE ((device.edge_id = edge.edge_id) AND (NOT last_value.is_live))) newest ON (true));
ALTER TABLE bi.edge OWNER TO lineside_plant;
COMMENT ON VIEW bi.edge IS 'Does each edge deliver? age_s since its last message; stored_age_s since the newest source time that is stored: what its spool still holds is younger; clock_skew_s: its clock less ours, more than 2 s is an alarm';
CREATE TABLE plant.edge_spool (
    edge_id integer NOT NULL,
    waiting bigint NOT NULL,
    oldest_age_s double precision,
    used_bytes bigint NOT NULL,
    bound_bytes bigint NOT NULL,
    disk_free_bytes bigint,
    received_time timestamp with time zone NOT NULL
)
WITH (fillfactor='50');
ALTER TABLE plant.edge_spool OWNER TO lineside_plant;
COMMENT ON TABLE plant.edge_spool IS 'An edge tells it again when it changed, so a row holds for as long as the edge is heard. No row: its release does not tell';
CREATE VIEW bi.edge_spool AS
 SELECT edge.group_id,
    edge.node AS edge,
    COALESCE((edge.online AND (edge.last_message > (now() - make_interval(secs => edge.contact_lost_s)))), false) AS is_heard,
    told.waiting,
    (told.oldest_age_s + (EXTRACT(epoch FROM (now() - told.received_time)))::double precision) AS oldest_age_s,
    told.used_bytes,
    told.bound_bytes,
    ((told.used_bytes)::double precision / (told.bound_bytes)::double precision) AS used_ratio,
    told.disk_free_bytes,
    (told.disk_free_bytes < GREATEST((67108864)::bigint, (told.bound_bytes / 10))) AS disk_is_low,
    (EXTRACT(epoch FROM (now() - GREATEST(told.received_time, edge.last_message))))::double precision AS age_s,
    told.received_time,
    GREATEST(told.received_time, edge.last_message) AS as_of
   FROM (plant.edge_spool told
     JOIN plant.edge USING (edge_id));
ALTER TABLE bi.edge_spool OWNER TO lineside_plant;
COMMENT ON VIEW bi.edge_spool IS 'How full is the spool of each edge, and since when does what it holds wait for the plant? waiting: entries; used_ratio of its bound: from 0.8 on somebody should act, at 0.9 it begins to drop; disk_is_low: less than 64 MiB or a tenth of the bound is free where it lies; is_heard: false means as it was at as_of. No row: the edge does not tell';
CREATE TABLE plant.chosen_energy_meter (
    device_id integer NOT NULL,
    tag_id integer NOT NULL,
    path text
);
ALTER TABLE plant.chosen_energy_meter OWNER TO lineside_plant;
CREATE TABLE plant.equipment (
    equipment_id integer NOT NULL,
    path text NOT NULL,
    name text NOT NULL
);
ALTER TABLE plant.equipment OWNER TO lineside_plant;
CREATE TABLE plant.equipment_proposal (
    proposal_id integer NOT NULL,
    device_id integer NOT NULL,
    path text,
    state text DEFAULT 'open'::text NOT NULL,
    equipment_id integer,
    proposed_time timestamp with time zone DEFAULT now() NOT NULL,
    decided_time timestamp with time zone,
    decided_by text,
    CONSTRAINT equipment_proposal_state_check CHECK ((state = ANY (ARRAY['open'::text, 'accepted'::text, 'rejected'::text])))
);
ALTER TABLE plant.equipment_proposal OWNER TO lineside_plant;
CREATE VIEW plant.device_place AS
 SELECT device.device_id,
    device.name,
    accepted.equipment_id,
    COALESCE(equipment.path, device.path) AS path
   FROM ((plant.device
     LEFT JOIN plant.equipment_proposal accepted ON (((accepted.device_id = device.device_id) AND (accepted.state = 'accepted'::text))))
     LEFT JOIN plant.equipment USING (equipment_id));
ALTER TABLE plant.device_place OWNER TO lineside_plant;
CREATE VIEW plant.energy_meter AS
 SELECT DISTINCT ON (place.device_id) tag.tag_id,
    place.device_id,
    place.name AS device,
    tag.name AS tag,
    COALESCE(chosen.path, place.path) AS path
   FROM ((plant.device_place place
     JOIN plant.tag ON (((tag.device_id = place.device_id) AND (tag.role = 'meter'::text) AND (tag.unit = 'Wh'::text))))
     LEFT JOIN plant.chosen_energy_meter chosen ON ((chosen.tag_id = tag.tag_id)))
  ORDER BY place.device_id, (chosen.tag_id IS NULL), (tag.name <> 'energy'::text), tag.tag_id;
ALTER TABLE plant.energy_meter OWNER TO lineside_plant;
CREATE TABLE plant.odometer (
    tag_id integer NOT NULL,
    total numeric(20,0) DEFAULT 0 NOT NULL,
    ts timestamp with time zone,
    state jsonb NOT NULL,
    epoch uuid,
    is_broken boolean DEFAULT false NOT NULL
)
WITH (fillfactor='50');
ALTER TABLE plant.odometer OWNER TO lineside_plant;
CREATE TABLE plant.run_meter_energy (
    run_id bigint NOT NULL,
    tag_id integer NOT NULL,
    energy_wh numeric(20,0) NOT NULL,
    CONSTRAINT run_meter_energy_energy_wh_check CHECK ((energy_wh >= (0)::numeric))
);
ALTER TABLE plant.run_meter_energy OWNER TO lineside_plant;
CREATE VIEW plant.energy_balance AS
 SELECT meter.device,
    meter.tag_id,
    meter.tag,
    odometer.total AS stored,
    COALESCE(booked.energy_wh, (0)::numeric) AS booked,
    (odometer.total - COALESCE(booked.energy_wh, (0)::numeric)) AS not_assigned
   FROM ((plant.energy_meter meter
     JOIN plant.odometer USING (tag_id))
     LEFT JOIN ( SELECT run_meter_energy.tag_id,
            sum(run_meter_energy.energy_wh) AS energy_wh
           FROM plant.run_meter_energy
          GROUP BY run_meter_energy.tag_id) booked USING (tag_id));
ALTER TABLE plant.energy_balance OWNER TO lineside_plant;
COMMENT ON VIEW plant.energy_balance IS 'stored = booked + not_assigned of each meter, in Wh';
CREATE VIEW plant.meter_line AS
 SELECT meter.tag_id,
    meter.device,
    meter.path,
    COALESCE(NULLIF(regexp_replace(meter.path, '/[^/]+$'::text, ''::text), meter.path), ''::text) AS line,
    odometer.ts AS read_time
   FROM (plant.energy_meter meter
     LEFT JOIN plant.odometer USING (tag_id))
 OFFSET 0;
ALTER TABLE plant.meter_line OWNER TO lineside_plant;
CREATE VIEW bi.energy_balance AS
 SELECT meter.device AS meter,
    meter.path,
    meter.line,
    (balance.stored)::double precision AS energy_wh,
    (balance.booked)::double precision AS runs_wh,
    (balance.not_assigned)::double precision AS unallocated_wh,
    meter.read_time AS as_of
   FROM (plant.energy_balance balance
     JOIN plant.meter_line meter USING (tag_id));
ALTER TABLE bi.energy_balance OWNER TO lineside_plant;
COMMENT ON VIEW bi.energy_balance IS 'Since each meter was connected: what it counted, what ended runs were given, and what is nobody''s (idling, runs that go on, what no key names), in Wh. energy_wh = runs_wh + unallocated_wh';
CREATE TABLE plant.meter_hour (
    tag_id integer NOT NULL,
    hour timestamp with time zone NOT NULL,
    energy_wh numeric(20,0) NOT NULL
)
WITH (fillfactor='70');
ALTER TABLE plant.meter_hour OWNER TO lineside_plant;
CREATE VIEW bi.energy_hour AS
 SELECT meter.device AS meter,
    meter.path,
    meter.line,
    hour.hour AS from_ts,
    (hour.hour + '01:00:00'::interval) AS to_ts,
    (hour.energy_wh)::double precision AS energy_wh,
    meter.read_time AS as_of
   FROM (plant.meter_hour hour
     JOIN plant.meter_line meter USING (tag_id));
ALTER TABLE bi.energy_hour OWNER TO lineside_plant;
COMMENT ON VIEW bi.energy_hour IS 'What did each meter count, hour by hour (UTC), in Wh? Odometer at the last reading <= the end of the hour less that at the last reading <= its beginning, so hours add up exactly. A meter below another one measures part of the same: add up one level only';
CREATE TABLE plant.item (
    item_id integer NOT NULL,
    code text NOT NULL,
    name_en text NOT NULL,
    name_zh text NOT NULL,
    unit text NOT NULL,
    scale smallint DEFAULT 0 NOT NULL,
    setup_parts text DEFAULT 'scrap'::text NOT NULL,
    is_lot_tracked boolean DEFAULT true NOT NULL,
    CONSTRAINT item_scale_check CHECK (((scale >= 0) AND (scale <= 9))),
    CONSTRAINT item_setup_parts_check CHECK ((setup_parts = ANY (ARRAY['scrap'::text, 'not_counted'::text, 'good'::text])))
);
ALTER TABLE plant.item OWNER TO lineside_plant;
CREATE TABLE plant.run (
    run_id bigint NOT NULL,
    operation_id bigint NOT NULL,
    work_order_id bigint NOT NULL,
    equipment_id integer NOT NULL,
    tag_id integer,
    from_time timestamp with time zone NOT NULL,
    to_time timestamp with time zone,
    count_source text NOT NULL,
    setup_parts text NOT NULL,
    booked_made bigint DEFAULT 0 NOT NULL,
    booked_scrap bigint DEFAULT 0 NOT NULL,
    booked_rejected bigint DEFAULT 0 NOT NULL,
    booked_setup bigint DEFAULT 0 NOT NULL,
    entered_good numeric DEFAULT 0 NOT NULL,
    entered_scrap numeric DEFAULT 0 NOT NULL,
    entered_rework numeric DEFAULT 0 NOT NULL,
    among_rejects numeric DEFAULT 0 NOT NULL,
    CONSTRAINT run_check CHECK ((to_time >= from_time)),
    CONSTRAINT run_check1 CHECK (((tag_id IS NOT NULL) OR (count_source = 'operator'::text))),
    CONSTRAINT run_count_source_check CHECK ((count_source = ANY (ARRAY['machine'::text, 'operator'::text, 'both'::text]))),
    CONSTRAINT run_setup_parts_check CHECK ((setup_parts = ANY (ARRAY['scrap'::text, 'not_counted'::text, 'good'::text])))
)
WITH (fillfactor='50');
ALTER TABLE plant.run OWNER TO lineside_plant;
CREATE TABLE plant.run_energy (
    run_id bigint NOT NULL,
    energy_wh numeric(20,0) NOT NULL,
    meters integer NOT NULL,
    event_id uuid NOT NULL,
    told_time timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT run_energy_energy_wh_check CHECK ((energy_wh >= (0)::numeric))
);
ALTER TABLE plant.run_energy OWNER TO lineside_plant;
CREATE TABLE plant.work_order (
    work_order_id bigint NOT NULL,
    number text NOT NULL,
    source text NOT NULL,
    item_id integer NOT NULL,
    quantity numeric NOT NULL,
    unit text NOT NULL,
    ordered_quantity numeric NOT NULL,
    ordered_unit text NOT NULL,
    due_time timestamp with time zone,
    priority smallint DEFAULT 5 NOT NULL,
    work_center text,
    requirement text,
    wanted_revision text,
    state text DEFAULT 'planned'::text NOT NULL,
    has_started boolean DEFAULT false NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    item_revision text,
    bom_id integer,
    routing_id integer,
    made numeric DEFAULT 0 NOT NULL,
    good numeric DEFAULT 0 NOT NULL,
    scrap numeric DEFAULT 0 NOT NULL,
    rework numeric DEFAULT 0 NOT NULL,
    created_time timestamp with time zone DEFAULT now() NOT NULL,
    released_time timestamp with time zone,
    started_time timestamp with time zone,
    ended_time timestamp with time zone,
    person_priority smallint,
    CONSTRAINT work_order_person_priority_check CHECK (((person_priority >= 1) AND (person_priority <= 9))),
    CONSTRAINT work_order_priority_check CHECK (((priority >= 1) AND (priority <= 9))),
    CONSTRAINT work_order_quantity_check CHECK ((quantity > (0)::numeric)),
    CONSTRAINT work_order_source_check CHECK ((source = ANY (ARRAY['erp'::text, 'plant'::text]))),
    CONSTRAINT work_order_state_check CHECK ((state = ANY (ARRAY['planned'::text, 'released'::text, 'running'::text, 'paused'::text, 'held'::text, 'completed'::text, 'closed'::text, 'cancelled'::text, 'aborted'::text])))
)
WITH (fillfactor='50');
ALTER TABLE plant.work_order OWNER TO lineside_plant;
CREATE VIEW bi.energy_run AS
 SELECT run.run_id,
    work_order.number AS work_order,
    item.code AS item,
    item.name_en AS item_en,
    item.name_zh AS item_zh,
    equipment.path,
    COALESCE(NULLIF(regexp_replace(equipment.path, '/[^/]+$'::text, ''::text), equipment.path), ''::text) AS line,
    run.from_time,
    run.to_time,
    (told.energy_wh)::double precision AS energy_wh,
    told.meters,
    (
        CASE run.count_source
            WHEN 'operator'::text THEN run.entered_good
            ELSE ((((run.booked_made - run.booked_rejected))::numeric - run.entered_scrap) - run.entered_rework)
        END)::double precision AS good,
    told.told_time AS as_of
   FROM ((((plant.run_energy told
     JOIN plant.run USING (run_id))
     JOIN plant.work_order USING (work_order_id))
     JOIN plant.item USING (item_id))
     JOIN plant.equipment USING (equipment_id));
ALTER TABLE bi.energy_run OWNER TO lineside_plant;
COMMENT ON VIEW bi.energy_run IS 'What energy did each ended run use, in Wh, and for how many good parts? Final: told once every meter was read after the end. meters 0: nobody measured it. Energy per good part = sum(energy_wh) / sum(good)';
CREATE VIEW bi.erp_document AS
 SELECT NULL::text AS connector,
    NULL::text AS kind,
    NULL::text AS work_order,
    NULL::text AS state,
    NULL::integer AS attempts,
    NULL::text AS problem,
    NULL::timestamp with time zone AS event_time,
    NULL::timestamp with time zone AS created_time,
    NULL::timestamp with time zone AS finished_time,
    NULL::double precision AS waiting_s,
    now() AS as_of
  WHERE false;
ALTER TABLE bi.erp_document OWNER TO lineside_bridge;
COMMENT ON VIEW bi.erp_document IS 'What was told to which system, and what waits? state open, ready, sending: on its way; refused, unknown, modified: waits for a person; accepted, by_hand, skipped, cancelled: done. waiting_s since it was made, while it is not done. No rows: no bridge';
CREATE TABLE plant.restoration (
    restoration_id bigint NOT NULL,
    restored_time timestamp with time zone DEFAULT now() NOT NULL,
    backup_time timestamp with time zone NOT NULL
);
ALTER TABLE plant.restoration OWNER TO lineside_plant;
COMMENT ON TABLE plant.restoration IS 'Contract: this plant was made anew from a backup. The bridge tells nobody anything until a person has seen what they know.';
CREATE VIEW bi.erp_hold AS
 SELECT NULL::text AS connector,
    restoration.restored_time AS since,
    restoration.backup_time,
    NULL::timestamp with time zone AS examined_time,
    NULL::text AS problem,
    now() AS as_of
   FROM plant.restoration;
ALTER TABLE bi.erp_hold OWNER TO lineside_bridge;
COMMENT ON VIEW bi.erp_hold IS 'To whom is nothing told since a restore, until a person releases it? connector null: no bridge was started since';
CREATE VIEW bi.erp_inbox AS
 SELECT NULL::text AS system,
    NULL::text AS kind,
    NULL::text AS external_id,
    NULL::text AS state,
    NULL::text AS problem,
    NULL::timestamp with time zone AS received_time,
    NULL::timestamp with time zone AS answered_time,
    now() AS as_of
  WHERE false;
ALTER TABLE bi.erp_inbox OWNER TO lineside_bridge;
COMMENT ON VIEW bi.erp_inbox IS 'What did other systems tell us, and what is stopped or refused until a person mends it?';
CREATE TABLE plant.gap (
    gap_id bigint NOT NULL,
    edge_id integer NOT NULL,
    epoch uuid NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    reason text NOT NULL,
    device text,
    tag text,
    from_ts timestamp with time zone,
    to_ts timestamp with time zone,
    count bigint,
    stored_time timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE plant.gap OWNER TO lineside_plant;
CREATE VIEW bi.gap AS
 SELECT edge.node AS edge,
    gap.device,
    gap.tag,
    gap.reason,
    gap.from_ts,
    gap.to_ts,
    (gap.count)::double precision AS count,
    gap.stored_time,
    now() AS as_of
   FROM (plant.gap
     JOIN plant.edge USING (edge_id));
ALTER TABLE bi.gap OWNER TO lineside_plant;
COMMENT ON VIEW bi.gap IS 'What had an edge to drop: which tag, from when to when, how many readings? Null: nobody can know';
CREATE TABLE plant.commit_minute (
    edge_id integer NOT NULL,
    minute timestamp with time zone NOT NULL,
    commits bigint NOT NULL,
    samples bigint NOT NULL,
    lag_p50_s double precision,
    lag_p95_s double precision
);
ALTER TABLE plant.commit_minute OWNER TO lineside_plant;
CREATE VIEW bi.ingest_minute AS
 SELECT edge.group_id,
    edge.node AS edge,
    told.minute,
    told.commits,
    told.samples,
    told.lag_p50_s,
    told.lag_p95_s,
    (told.minute + '00:01:00'::interval) AS as_of
   FROM (plant.commit_minute told
     JOIN plant.edge USING (edge_id));
ALTER TABLE bi.ingest_minute OWNER TO lineside_plant;
COMMENT ON VIEW bi.ingest_minute IS 'How much was stored in each minute, and how late? lag: stored_time less the newest source time of a commit, in s; while a backlog drains it is the age of the backlog';
CREATE TABLE plant.chosen_counting_tag (
    equipment_id integer NOT NULL,
    tag_id integer NOT NULL
);
ALTER TABLE plant.chosen_counting_tag OWNER TO lineside_plant;
CREATE VIEW plant.counting_tag AS
 SELECT DISTINCT ON (device.device_id) device.device_id,
    accepted.equipment_id,
    tag.tag_id,
    tag.counts
   FROM (((plant.device
     JOIN plant.tag ON (((tag.device_id = device.device_id) AND (tag.role = 'counter'::text))))
     LEFT JOIN plant.equipment_proposal accepted ON (((accepted.device_id = device.device_id) AND (accepted.state = 'accepted'::text))))
     LEFT JOIN plant.chosen_counting_tag chosen ON ((chosen.tag_id = tag.tag_id)))
  WHERE ((chosen.tag_id IS NOT NULL) OR (tag.counts = ANY (ARRAY['parts'::text, 'good'::text, 'cycles'::text])))
  ORDER BY device.device_id, (chosen.tag_id IS NULL), (array_position(ARRAY['parts'::text, 'good'::text, 'cycles'::text], tag.counts)), tag.tag_id;
ALTER TABLE plant.counting_tag OWNER TO lineside_plant;
CREATE VIEW plant.device_line AS
 SELECT place.device_id,
    place.name,
    place.equipment_id,
    place.path,
    COALESCE(NULLIF(regexp_replace(place.path, '/[^/]+$'::text, ''::text), place.path), ''::text) AS line,
    edge.last_message
   FROM ((plant.device_place place
     JOIN plant.device USING (device_id))
     JOIN plant.edge USING (edge_id))
 OFFSET 0;
ALTER TABLE plant.device_line OWNER TO lineside_plant;
CREATE VIEW plant.machine AS
 SELECT place.device_id,
    place.name,
    place.path,
    place.equipment_id,
    counting.tag_id AS counting_tag,
    counting.counts,
    ((place.equipment_id IS NOT NULL) AND (place.device_id = min(place.device_id) OVER (PARTITION BY place.equipment_id))) AS is_first
   FROM (plant.device_place place
     LEFT JOIN plant.counting_tag counting USING (device_id))
  WHERE ((counting.tag_id IS NOT NULL) OR (EXISTS ( SELECT
           FROM plant.tag
          WHERE ((tag.device_id = place.device_id) AND (tag.role = 'state'::text)))));
ALTER TABLE plant.machine OWNER TO lineside_plant;
CREATE TABLE plant.machine_state_interval (
    device_id integer NOT NULL,
    state text NOT NULL,
    from_ts timestamp with time zone NOT NULL,
    to_ts timestamp with time zone,
    CONSTRAINT machine_state_interval_check CHECK ((to_ts > from_ts))
);
ALTER TABLE plant.machine_state_interval OWNER TO lineside_plant;
CREATE VIEW bi.machine AS
 SELECT machine.name AS machine,
    machine.path,
    place.line,
    present.state,
    present.from_ts AS state_since,
    place.last_message AS as_of,
    (EXTRACT(epoch FROM (now() - place.last_message)))::double precision AS age_s
   FROM ((plant.machine
     JOIN plant.device_line place USING (device_id))
     LEFT JOIN LATERAL ( SELECT i.state,
            i.from_ts
           FROM plant.machine_state_interval i
          WHERE (i.device_id = machine.device_id)
          ORDER BY i.from_ts DESC
         LIMIT 1) present ON (true));
ALTER TABLE bi.machine OWNER TO lineside_plant;
COMMENT ON VIEW bi.machine IS 'What does each machine do now? state: the last known one, true as of as_of, when its edge was last heard';
CREATE TABLE plant.machine_hour (
    device_id integer NOT NULL,
    from_ts timestamp with time zone NOT NULL,
    to_ts timestamp with time zone NOT NULL,
    as_of timestamp with time zone NOT NULL,
    shift_id bigint,
    producing_s double precision NOT NULL,
    setup_s double precision NOT NULL,
    unplanned_s double precision NOT NULL,
    blocked_s double precision NOT NULL,
    unexplained_s double precision NOT NULL,
    planned_s double precision NOT NULL,
    unknown_s double precision NOT NULL,
    made numeric NOT NULL,
    scrap numeric NOT NULL,
    rework numeric NOT NULL,
    rejected numeric NOT NULL,
    setup_scrap numeric NOT NULL,
    not_assigned numeric NOT NULL,
    planned_run_s double precision NOT NULL,
    unrated numeric NOT NULL
)
WITH (fillfactor='70');
ALTER TABLE plant.machine_hour OWNER TO lineside_plant;
CREATE VIEW bi.machine_hour AS
 SELECT place.name AS machine,
    place.path,
    place.line,
    hour.from_ts,
    hour.to_ts,
    shift.business_date,
    shift.code AS shift,
    shift.from_ts AS shift_from,
    shift.to_ts AS shift_to,
    hour.producing_s,
    hour.setup_s,
    hour.unplanned_s,
    hour.blocked_s,
    hour.unexplained_s,
    hour.planned_s,
    hour.unknown_s,
        CASE
            WHEN (hour.shift_id IS NULL) THEN (0)::double precision
            ELSE ((((hour.producing_s + hour.setup_s) + hour.unplanned_s) + hour.blocked_s) + hour.unexplained_s)
        END AS planned_busy_s,
    (hour.made)::double precision AS made,
    (((hour.made - hour.scrap) - hour.rework))::double precision AS good,
    (hour.scrap)::double precision AS scrap,
    (hour.rework)::double precision AS rework,
    (hour.not_assigned)::double precision AS not_assigned,
    hour.planned_run_s,
    (hour.unrated)::double precision AS unrated,
    hour.as_of
   FROM ((plant.machine_hour hour
     JOIN plant.device_line place USING (device_id))
     LEFT JOIN plant.shift USING (shift_id));
ALTER TABLE bi.machine_hour OWNER TO lineside_plant;
COMMENT ON VIEW bi.machine_hour IS 'The ground of OEE, to be added up: an hour (UTC) of a machine, cut where a shift begins or ends. Times in s, parts in the unit of the item. Add the sums first and divide then: an average of ratios is wrong';
COMMENT ON COLUMN bi.machine_hour.producing_s IS 'APT, actual production time: state producing';
COMMENT ON COLUMN bi.machine_hour.setup_s IS 'AUST, actual unit set-up time: stopped with a reason of kind setup, or in state setup without any reason';
COMMENT ON COLUMN bi.machine_hour.unplanned_s IS 'Stood with a reason of kind unplanned, or of no kind';
COMMENT ON COLUMN bi.machine_hour.unexplained_s IS 'Stood, and nobody said why; micro-stops are in it';
COMMENT ON COLUMN bi.machine_hour.planned_s IS 'Stood in a break of the shift, or with a reason of kind planned; where no shifts are stated also off and maintenance without a reason. Not planned busy time';
COMMENT ON COLUMN bi.machine_hour.unknown_s IS 'Nobody knows what it did: in no ratio, shown beside it';
COMMENT ON COLUMN bi.machine_hour.planned_busy_s IS 'PBT, planned busy time = producing + setup + unplanned + blocked + unexplained, within shifts; outside shifts 0';
COMMENT ON COLUMN bi.machine_hour.made IS 'PQ, produced quantity of runs = good + scrap + rework';
COMMENT ON COLUMN bi.machine_hour.good IS 'GQ, good quantity = made - scrap - rework';
COMMENT ON COLUMN bi.machine_hour.not_assigned IS 'Steps of the counter that belong to no run: in no ratio, shown beside it';
COMMENT ON COLUMN bi.machine_hour.planned_run_s IS 'PRI x PQ: made times planned run time per item of the operation';
COMMENT ON COLUMN bi.machine_hour.unrated IS 'Of made: parts of operations without a planned run time. While not 0, effectiveness and OEE are too low';
CREATE VIEW bi.machine_state AS
 SELECT place.name AS machine,
    place.path,
    place.line,
    i.state,
    i.from_ts,
    i.to_ts,
    place.last_message AS as_of
   FROM (plant.machine_state_interval i
     JOIN plant.device_line place USING (device_id));
ALTER TABLE bi.machine_state OWNER TO lineside_plant;
COMMENT ON VIEW bi.machine_state IS 'What did each machine do, from when to when? to_ts null: still, as of as_of';
CREATE TABLE plant.not_assigned (
    tag_id integer NOT NULL,
    odometer_from numeric(20,0) NOT NULL,
    odometer_to numeric(20,0) NOT NULL,
    from_ts timestamp with time zone NOT NULL,
    to_ts timestamp with time zone NOT NULL,
    reason text NOT NULL,
    proposed_run_id bigint,
    CONSTRAINT not_assigned_check CHECK ((odometer_to > odometer_from)),
    CONSTRAINT not_assigned_reason_check CHECK ((reason = ANY (ARRAY['no_run'::text, 'spans_runs'::text, 'late'::text, 'reversed'::text])))
)
WITH (fillfactor='50');
ALTER TABLE plant.not_assigned OWNER TO lineside_plant;
CREATE VIEW bi.not_assigned AS
 SELECT place.name AS machine,
    place.path,
    place.line,
    tag.name AS tag,
    waiting.from_ts,
    waiting.to_ts,
    ((waiting.odometer_to - waiting.odometer_from))::double precision AS steps,
    waiting.reason,
    now() AS as_of
   FROM ((plant.not_assigned waiting
     JOIN plant.tag USING (tag_id))
     JOIN plant.device_line place USING (device_id));
ALTER TABLE bi.not_assigned OWNER TO lineside_plant;
COMMENT ON VIEW bi.not_assigned IS 'Which counts belong to no run and wait for a person? steps: as the counter counts';
CREATE TABLE plant.odometer_case (
    case_id integer NOT NULL,
    tag_id integer NOT NULL,
    number integer NOT NULL,
    kind text NOT NULL,
    from_ts timestamp with time zone NOT NULL,
    to_ts timestamp with time zone NOT NULL,
    from_value numeric(20,0) NOT NULL,
    to_value numeric(20,0) NOT NULL,
    at_least numeric(20,0) NOT NULL,
    at_most numeric(20,0) NOT NULL,
    believed numeric(20,0) NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    detail text,
    opened_time timestamp with time zone DEFAULT now() NOT NULL,
    settled_time timestamp with time zone,
    CONSTRAINT odometer_case_state_check CHECK ((state = ANY (ARRAY['open'::text, 'settled'::text])))
);
ALTER TABLE plant.odometer_case OWNER TO lineside_plant;
CREATE VIEW bi.odometer_case AS
 SELECT place.name AS machine,
    place.path,
    tag.name AS tag,
    told.kind,
    told.from_ts,
    told.to_ts,
    (told.at_least)::double precision AS at_least,
    (told.at_most)::double precision AS at_most,
    (told.believed)::double precision AS believed,
    told.state,
    told.opened_time,
    now() AS as_of
   FROM ((plant.odometer_case told
     JOIN plant.tag USING (tag_id))
     JOIN plant.device_line place USING (device_id));
ALTER TABLE bi.odometer_case OWNER TO lineside_plant;
COMMENT ON VIEW bi.odometer_case IS 'Which counts are in doubt? Between two readings something from at_least to at_most was made; believed is in the total';
CREATE VIEW bi.oee_shift AS
 SELECT place.name AS machine,
    place.path,
    place.line,
    shift.business_date,
    shift.code AS shift,
    summed.shift_from,
    shift.to_ts AS shift_to,
    summed.planned_busy_s,
    summed.producing_s,
    summed.setup_s,
    summed.unplanned_s,
    summed.blocked_s,
    summed.unexplained_s,
    summed.planned_s,
    summed.unknown_s,
    (summed.made)::double precision AS made,
    (((summed.made - summed.scrap) - summed.rework))::double precision AS good,
    (summed.scrap)::double precision AS scrap,
    (summed.rework)::double precision AS rework,
    (summed.not_assigned)::double precision AS not_assigned,
    summed.planned_run_s,
    (summed.unrated)::double precision AS unrated,
    (summed.producing_s / NULLIF(summed.planned_busy_s, (0)::double precision)) AS availability,
    (summed.rated_run_s / NULLIF(summed.producing_s, (0)::double precision)) AS effectiveness,
    ((((summed.made - summed.scrap) - summed.rework) / NULLIF(summed.made, (0)::numeric)))::double precision AS quality_ratio,
    ((summed.rated_run_s / NULLIF(summed.planned_busy_s, (0)::double precision)) * ((((summed.made - summed.scrap) - summed.rework) / NULLIF(summed.made, (0)::numeric)))::double precision) AS oee,
    (((((summed.producing_s + summed.setup_s) / NULLIF(summed.planned_busy_s, (0)::double precision)) * summed.rated_run_s) / NULLIF(summed.producing_s, (0)::double precision)) * ((((summed.made - summed.scrap) - summed.rework) / NULLIF(summed.made, (0)::numeric)))::double precision) AS nee,
    summed.as_of
   FROM ((( SELECT hour.device_id,
            shift_1.shift_id,
            shift_1.from_ts AS shift_from,
            sum(((((hour.producing_s + hour.setup_s) + hour.unplanned_s) + hour.blocked_s) + hour.unexplained_s)) AS planned_busy_s,
            sum(hour.producing_s) AS producing_s,
            sum(hour.setup_s) AS setup_s,
            sum(hour.unplanned_s) AS unplanned_s,
            sum(hour.blocked_s) AS blocked_s,
            sum(hour.unexplained_s) AS unexplained_s,
            sum(hour.planned_s) AS planned_s,
            sum(hour.unknown_s) AS unknown_s,
            sum(hour.made) AS made,
            sum(hour.scrap) AS scrap,
            sum(hour.rework) AS rework,
            sum(hour.not_assigned) AS not_assigned,
            sum(hour.planned_run_s) AS planned_run_s,
            sum(hour.unrated) AS unrated,
            max(hour.as_of) AS as_of,
                CASE
                    WHEN ((sum(hour.made) = (0)::numeric) OR (sum(hour.unrated) < sum(hour.made))) THEN sum(hour.planned_run_s)
                    ELSE NULL::double precision
                END AS rated_run_s
           FROM (plant.machine_hour hour
             JOIN plant.shift shift_1 USING (shift_id))
          GROUP BY hour.device_id, shift_1.shift_id, shift_1.from_ts) summed
     JOIN plant.shift USING (shift_id))
     JOIN plant.device_line place USING (device_id));
ALTER TABLE bi.oee_shift OWNER TO lineside_plant;
COMMENT ON VIEW bi.oee_shift IS 'How well was each machine used in each shift (ISO 22400)? Ratios from 0 to 1, null where there is nothing to divide by. Effectiveness above 1 means a wrong planned run time, and is shown as it is';
COMMENT ON COLUMN bi.oee_shift.availability IS 'APT / PBT = producing_s / planned_busy_s';
COMMENT ON COLUMN bi.oee_shift.effectiveness IS 'PRI x PQ / APT = planned_run_s / producing_s; null where parts were made and none had a planned run time';
COMMENT ON COLUMN bi.oee_shift.quality_ratio IS 'GQ / PQ = good / made';
COMMENT ON COLUMN bi.oee_shift.oee IS 'Availability x effectiveness x quality ratio = PRI x GQ / PBT';
COMMENT ON COLUMN bi.oee_shift.nee IS 'Net equipment effectiveness = AUPT / PBT x effectiveness x quality ratio, AUPT = APT + AUST: set-up is no loss';
CREATE TABLE plant.outbox (
    outbox_id bigint NOT NULL,
    event_id uuid NOT NULL,
    kind text NOT NULL,
    work_order_id bigint,
    order_seq bigint,
    body jsonb NOT NULL,
    not_before timestamp with time zone NOT NULL,
    created_time timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT outbox_check CHECK (((work_order_id IS NULL) = (order_seq IS NULL)))
);
ALTER TABLE plant.outbox OWNER TO lineside_plant;
COMMENT ON TABLE plant.outbox IS 'Contract: what ERPs must hear. The bridge claims rows by DELETE … RETURNING.';
CREATE VIEW bi.outbox AS
 SELECT outbox.kind,
    outbox.not_before,
    outbox.created_time,
    (EXTRACT(epoch FROM (now() - GREATEST(outbox.not_before, outbox.created_time))))::double precision AS waiting_s,
    now() AS as_of
   FROM plant.outbox;
ALTER TABLE bi.outbox OWNER TO lineside_plant;
COMMENT ON VIEW bi.outbox IS 'What waits for the bridge to fetch it? waiting_s below 0: its undo time is not over yet';
CREATE VIEW bi.output_hour AS
 SELECT machine_hour.machine,
    machine_hour.path,
    machine_hour.line,
    machine_hour.from_ts,
    machine_hour.to_ts,
    machine_hour.business_date,
    machine_hour.shift,
    machine_hour.made,
    machine_hour.good,
    machine_hour.scrap,
    machine_hour.rework,
    machine_hour.not_assigned,
    machine_hour.as_of
   FROM bi.machine_hour;
ALTER TABLE bi.output_hour OWNER TO lineside_plant;
COMMENT ON VIEW bi.output_hour IS 'What came out, hour by hour? made = good + scrap + rework of runs; not_assigned: steps of the counter that belong to no run';
CREATE TABLE plant.quarantine (
    quarantine_id bigint NOT NULL,
    edge_id integer,
    topic text NOT NULL,
    payload bytea NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    epoch uuid,
    first bigint,
    last bigint,
    received_time timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE plant.quarantine OWNER TO lineside_plant;
CREATE TABLE plant.sample_quarantine (
    ts timestamp with time zone,
    time_ms numeric(20,0) NOT NULL,
    value double precision,
    text text,
    tag_id integer NOT NULL,
    quality smallint NOT NULL,
    reason text NOT NULL,
    stored_time timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE plant.sample_quarantine OWNER TO lineside_plant;
CREATE VIEW bi.quarantine AS
 SELECT edge.node AS edge,
    told.reason,
    told.received_time,
    told.rows,
    now() AS as_of
   FROM (( SELECT quarantine.edge_id,
            quarantine.reason,
            quarantine.received_time,
            (1)::bigint AS rows
           FROM plant.quarantine
        UNION ALL
         SELECT device.edge_id,
            sample.reason,
            sample.stored_time AS received_time,
            (1)::bigint AS rows
           FROM ((plant.sample_quarantine sample
             JOIN plant.tag USING (tag_id))
             JOIN plant.device USING (device_id))) told
     LEFT JOIN plant.edge USING (edge_id));
ALTER TABLE bi.quarantine OWNER TO lineside_plant;
COMMENT ON VIEW bi.quarantine IS 'What could not be stored and is kept with its bytes? One row a message or sample';
CREATE TABLE plant.operation (
    operation_id bigint NOT NULL,
    work_order_id bigint NOT NULL,
    "position" integer NOT NULL,
    name_en text NOT NULL,
    name_zh text NOT NULL,
    work_center text,
    setup_s numeric DEFAULT 0 NOT NULL,
    cycle_time_s numeric DEFAULT 0 NOT NULL,
    transfer_quantity numeric,
    is_optional boolean DEFAULT false NOT NULL,
    is_last boolean DEFAULT false NOT NULL,
    count_source text DEFAULT 'machine'::text NOT NULL,
    cavities integer DEFAULT 1 NOT NULL,
    state text DEFAULT 'pending'::text NOT NULL,
    made numeric DEFAULT 0 NOT NULL,
    good numeric DEFAULT 0 NOT NULL,
    scrap numeric DEFAULT 0 NOT NULL,
    rework numeric DEFAULT 0 NOT NULL,
    CONSTRAINT operation_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'ready'::text, 'running'::text, 'paused'::text, 'completed'::text, 'skipped'::text])))
)
WITH (fillfactor='50');
ALTER TABLE plant.operation OWNER TO lineside_plant;
CREATE VIEW bi.run AS
 SELECT run.run_id,
    work_order.number AS work_order,
    item.code AS item,
    item.name_en AS item_en,
    item.name_zh AS item_zh,
    operation."position" AS operation,
    operation.name_en AS operation_en,
    operation.name_zh AS operation_zh,
    equipment.name AS station,
    equipment.path,
    COALESCE(NULLIF(regexp_replace(equipment.path, '/[^/]+$'::text, ''::text), equipment.path), ''::text) AS line,
    run.from_time,
    run.to_time,
    (work_order.quantity)::double precision AS quantity,
    (operation.good)::double precision AS good,
    (operation.scrap)::double precision AS scrap,
    (operation.cycle_time_s)::double precision AS cycle_time_s,
        CASE
            WHEN ((run.to_time IS NULL) AND (operation.cycle_time_s > (0)::numeric)) THEN (now() + (((GREATEST((work_order.quantity - operation.good), (0)::numeric))::double precision * (operation.cycle_time_s)::double precision) * '00:00:01'::interval))
            ELSE NULL::timestamp with time zone
        END AS expected_end,
    now() AS as_of
   FROM ((((plant.run
     JOIN plant.operation USING (operation_id))
     JOIN plant.work_order ON ((work_order.work_order_id = run.work_order_id)))
     JOIN plant.item USING (item_id))
     JOIN plant.equipment USING (equipment_id));
ALTER TABLE bi.run OWNER TO lineside_plant;
COMMENT ON VIEW bi.run IS 'What runs or ran where? to_time null: still; good, scrap: of the operation; expected_end = now + (quantity - good) x planned run time per item, without any stop';
CREATE TABLE plant.production_entry (
    event_id uuid NOT NULL,
    line smallint NOT NULL,
    run_id bigint NOT NULL,
    work_order_id bigint NOT NULL,
    kind text NOT NULL,
    quantity numeric NOT NULL,
    among_rejects boolean DEFAULT false NOT NULL,
    reason text,
    actor text NOT NULL,
    event_time timestamp with time zone NOT NULL,
    recorded_time timestamp with time zone NOT NULL,
    reverses uuid,
    CONSTRAINT production_entry_check CHECK (((reason IS NOT NULL) = (kind <> 'good'::text))),
    CONSTRAINT production_entry_kind_check CHECK ((kind = ANY (ARRAY['good'::text, 'scrap'::text, 'rework'::text])))
);
ALTER TABLE plant.production_entry OWNER TO lineside_plant;
CREATE TABLE plant.reason (
    reason_id integer NOT NULL,
    kind text NOT NULL,
    code text NOT NULL,
    parent_id integer,
    name_en text NOT NULL,
    name_zh text NOT NULL,
    equipment text[] DEFAULT '{}'::text[] NOT NULL,
    stop_time text,
    is_active boolean DEFAULT true NOT NULL,
    CONSTRAINT reason_kind_check CHECK ((kind = ANY (ARRAY['scrap'::text, 'stop'::text, 'rework'::text, 'adjustment'::text]))),
    CONSTRAINT reason_stop_time_check CHECK ((stop_time = ANY (ARRAY['unplanned'::text, 'planned'::text, 'setup'::text, 'blocked'::text])))
);
ALTER TABLE plant.reason OWNER TO lineside_plant;
CREATE VIEW bi.scrap AS
 SELECT told."time",
    told.machine,
    told.path,
    COALESCE(NULLIF(regexp_replace(told.path, '/[^/]+$'::text, ''::text), told.path), ''::text) AS line,
    told.work_order,
    told.item,
    told.kind,
    told.reason,
    reason.name_en,
    reason.name_zh,
    (told.quantity)::double precision AS quantity,
    now() AS as_of
   FROM (( SELECT entry.event_time AS "time",
            COALESCE(machine.name, equipment.name) AS machine,
            equipment.path,
            work_order.number AS work_order,
            item.code AS item,
            entry.kind,
            entry.reason,
            entry.quantity
           FROM (((((plant.production_entry entry
             JOIN plant.run USING (run_id))
             JOIN plant.equipment USING (equipment_id))
             LEFT JOIN plant.machine ON (((machine.equipment_id = run.equipment_id) AND machine.is_first)))
             JOIN plant.work_order ON ((work_order.work_order_id = entry.work_order_id)))
             JOIN plant.item USING (item_id))
          WHERE (entry.kind = ANY (ARRAY['scrap'::text, 'rework'::text]))
        UNION ALL
         SELECT entry.event_time AS "time",
            COALESCE(machine.name, equipment.name) AS machine,
            equipment.path,
            work_order.number AS work_order,
            item.code AS item,
            'scrap'::text AS kind,
            'machine_reject'::text AS reason,
            (- entry.quantity) AS quantity
           FROM (((((plant.production_entry entry
             JOIN plant.run USING (run_id))
             JOIN plant.equipment USING (equipment_id))
             LEFT JOIN plant.machine ON (((machine.equipment_id = run.equipment_id) AND machine.is_first)))
             JOIN plant.work_order ON ((work_order.work_order_id = entry.work_order_id)))
             JOIN plant.item USING (item_id))
          WHERE (entry.among_rejects AND (run.count_source <> 'operator'::text))
        UNION ALL
         SELECT hour.from_ts AS "time",
            place.name AS machine,
            place.path,
            NULL::text AS work_order,
            NULL::text AS item,
            'scrap'::text AS kind,
            machine.reason,
            machine.quantity
           FROM ((plant.machine_hour hour
             JOIN plant.device_line place USING (device_id))
             CROSS JOIN LATERAL ( VALUES ('machine_reject'::text,hour.rejected), ('setup'::text,hour.setup_scrap)) machine(reason, quantity))
          WHERE (machine.quantity <> (0)::numeric)) told
     LEFT JOIN plant.reason ON (((reason.kind = told.kind) AND (reason.code = told.reason))));
ALTER TABLE bi.scrap OWNER TO lineside_plant;
COMMENT ON VIEW bi.scrap IS 'What was scrapped or sent to rework, and why? Rows add up; a reversal is negative. machine_reject and setup: counted by machines, per hour and without an order; what people named of the rejects is taken off machine_reject';
CREATE VIEW bi.shift AS
 SELECT shift.code AS shift,
    shift.name_en,
    shift.name_zh,
    shift.business_date,
    shift.from_ts,
    shift.to_ts,
    shift.is_stated,
    now() AS as_of
   FROM plant.shift;
ALTER TABLE bi.shift OWNER TO lineside_plant;
COMMENT ON VIEW bi.shift IS 'When was and is the plant meant to work? is_stated false: whole days, as nobody stated shifts';
CREATE TABLE plant.stop (
    stop_id bigint NOT NULL,
    device_id integer NOT NULL,
    from_ts timestamp with time zone NOT NULL,
    to_ts timestamp with time zone,
    micro_below_s integer NOT NULL,
    states text[] NOT NULL,
    CONSTRAINT stop_check CHECK ((to_ts > from_ts))
);
ALTER TABLE plant.stop OWNER TO lineside_plant;
CREATE TABLE plant.stop_piece (
    stop_id bigint NOT NULL,
    from_ts timestamp with time zone NOT NULL,
    to_ts timestamp with time zone,
    reason text,
    CONSTRAINT stop_piece_check CHECK ((to_ts > from_ts))
);
ALTER TABLE plant.stop_piece OWNER TO lineside_plant;
CREATE VIEW plant.stop_reason_time AS
 WITH RECURSIVE told AS (
         SELECT reason.reason_id,
            reason.code,
            reason.stop_time,
            reason.parent_id
           FROM plant.reason
          WHERE (reason.kind = 'stop'::text)
        UNION ALL
         SELECT told_1.reason_id,
            told_1.code,
            parent.stop_time,
            parent.parent_id
           FROM (told told_1
             JOIN plant.reason parent ON ((parent.reason_id = told_1.parent_id)))
          WHERE (told_1.stop_time IS NULL)
        )
 SELECT told.code,
    max(told.stop_time) AS stop_time
   FROM told
  GROUP BY told.code;
ALTER TABLE plant.stop_reason_time OWNER TO lineside_plant;
CREATE VIEW bi.stop AS
 SELECT stop.stop_id,
    place.name AS machine,
    place.path,
    place.line,
    piece.from_ts,
    piece.to_ts,
    (EXTRACT(epoch FROM (COALESCE(piece.to_ts, now()) - piece.from_ts)))::double precision AS duration_s,
    piece.reason,
    reason.name_en,
    reason.name_zh,
        CASE
            WHEN (piece.reason IS NOT NULL) THEN COALESCE(reason_time.stop_time, 'unplanned'::text)
            ELSE NULL::text
        END AS stop_time,
    ((COALESCE(stop.to_ts, now()) - stop.from_ts) < make_interval(secs => (stop.micro_below_s)::double precision)) AS is_micro,
    place.last_message AS as_of,
    tstzrange(piece.from_ts, piece.to_ts) AS span
   FROM ((((plant.stop_piece piece
     JOIN plant.stop USING (stop_id))
     JOIN plant.device_line place USING (device_id))
     LEFT JOIN plant.reason ON (((reason.kind = 'stop'::text) AND (reason.code = piece.reason))))
     LEFT JOIN plant.stop_reason_time reason_time ON ((reason_time.code = piece.reason)));
ALTER TABLE bi.stop OWNER TO lineside_plant;
COMMENT ON VIEW bi.stop IS 'What stood still, from when to when, and why? A row is a part of a stop with one reason; reason null: nobody said why; is_micro: shorter than the threshold, needs no reason; to_ts null: still standing; span: [from_ts, to_ts), indexed: ask span && tstzrange(begin, end)';
CREATE TABLE plant.rollup_1m (
    tag_id integer NOT NULL,
    minute timestamp with time zone NOT NULL,
    n integer NOT NULL,
    n_bad integer NOT NULL,
    s double precision,
    min_value double precision,
    max_value double precision,
    first_value double precision,
    last_value double precision
);
ALTER TABLE plant.rollup_1m OWNER TO lineside_plant;
CREATE VIEW bi.tag_minute AS
 SELECT place.path,
    place.name AS device,
    tag.name AS tag,
    tag.role,
    tag.unit,
    rollup.minute,
    rollup.n,
    rollup.n_bad,
    (rollup.s / (NULLIF(rollup.n, 0))::double precision) AS average,
    rollup.min_value,
    rollup.max_value,
    place.line,
    last.received_time AS as_of
   FROM (((plant.rollup_1m rollup
     JOIN plant.tag USING (tag_id))
     JOIN plant.device_line place USING (device_id))
     LEFT JOIN plant.last_value last USING (tag_id));
ALTER TABLE bi.tag_minute OWNER TO lineside_plant;
COMMENT ON VIEW bi.tag_minute IS 'How did each tag run, minute by minute? Average, lowest and highest good value in the unit of the tag; as_of: when a value of it last came';
CREATE VIEW bi.work_order AS
 SELECT told.work_order,
    told.item,
    told.item_en,
    told.item_zh,
    told.state,
    told.quantity,
    told.good,
    told.scrap,
    told.rework,
    told.remaining,
    told.unit,
    told.due_time,
    told.priority,
    told.started_time,
    told.ended_time,
    told.expected_end,
    told.as_of,
    (((told.state = ANY (ARRAY['planned'::text, 'released'::text, 'running'::text, 'paused'::text, 'held'::text])) AND (told.due_time < told.as_of)) OR ((told.ended_time > told.due_time) AND (told.state <> 'cancelled'::text))) AS is_late,
    COALESCE(((told.due_time >= told.as_of) AND (told.expected_end > told.due_time)), false) AS is_at_risk
   FROM ( SELECT work_order.number AS work_order,
            item.code AS item,
            item.name_en AS item_en,
            item.name_zh AS item_zh,
            work_order.state,
            (work_order.quantity)::double precision AS quantity,
            (work_order.good)::double precision AS good,
            (work_order.scrap)::double precision AS scrap,
            (work_order.rework)::double precision AS rework,
            (GREATEST((work_order.quantity - work_order.good), (0)::numeric))::double precision AS remaining,
            work_order.unit,
            work_order.due_time,
            COALESCE(work_order.person_priority, work_order.priority) AS priority,
            work_order.started_time,
            work_order.ended_time,
                CASE
                    WHEN ((work_order.state = ANY (ARRAY['released'::text, 'running'::text, 'paused'::text, 'held'::text])) AND (last.cycle_time_s > (0)::numeric)) THEN (now() + (((GREATEST((work_order.quantity - work_order.good), (0)::numeric))::double precision * (last.cycle_time_s)::double precision) * '00:00:01'::interval))
                    ELSE NULL::timestamp with time zone
                END AS expected_end,
            now() AS as_of
           FROM ((plant.work_order
             JOIN plant.item USING (item_id))
             LEFT JOIN plant.operation last ON (((last.work_order_id = work_order.work_order_id) AND last.is_last)))) told;
ALTER TABLE bi.work_order OWNER TO lineside_plant;
COMMENT ON VIEW bi.work_order IS 'Which orders are late, or will be? is_late: open and due before now, or ended after it was due. is_at_risk: not late yet, but expected_end = now + remaining x planned run time of the last operation lies after due_time';
ALTER TABLE plant.alarm ALTER COLUMN alarm_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.alarm_alarm_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE plant.anchor (
    "position" bigint NOT NULL,
    hash bytea NOT NULL,
    anchored_time timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT anchor_hash_check CHECK ((length(hash) = 32))
);
ALTER TABLE plant.anchor OWNER TO lineside_plant;
CREATE TABLE plant.andon_level (
    level smallint NOT NULL,
    after_s integer NOT NULL,
    roles text[] NOT NULL,
    CONSTRAINT andon_level_after_s_check CHECK (((after_s >= 1) AND (after_s <= 86400))),
    CONSTRAINT andon_level_level_check CHECK ((level > 0))
);
ALTER TABLE plant.andon_level OWNER TO lineside_plant;
CREATE TABLE plant.andon_setting (
    is_only boolean DEFAULT true NOT NULL,
    fault_after_s integer,
    CONSTRAINT andon_setting_fault_after_s_check CHECK (((fault_after_s >= 0) AND (fault_after_s <= 240))),
    CONSTRAINT andon_setting_is_only_check CHECK (is_only)
);
ALTER TABLE plant.andon_setting OWNER TO lineside_plant;
CREATE TABLE plant.andon_told (
    call_id uuid NOT NULL,
    level smallint NOT NULL,
    roles text[] NOT NULL,
    people integer[] NOT NULL,
    told_time timestamp with time zone NOT NULL
);
ALTER TABLE plant.andon_told OWNER TO lineside_plant;
CREATE TABLE plant.backflush_residual (
    work_order_id bigint NOT NULL,
    bom_revision text NOT NULL,
    "position" text NOT NULL,
    residual text NOT NULL
)
WITH (fillfactor='50');
ALTER TABLE plant.backflush_residual OWNER TO lineside_plant;
CREATE TABLE plant.bom (
    bom_id integer NOT NULL,
    item_id integer NOT NULL,
    revision text NOT NULL,
    unit text NOT NULL,
    base_quantity numeric NOT NULL,
    CONSTRAINT bom_base_quantity_check CHECK ((base_quantity > (0)::numeric))
);
ALTER TABLE plant.bom OWNER TO lineside_plant;
ALTER TABLE plant.bom ALTER COLUMN bom_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.bom_bom_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE plant.bom_component (
    bom_id integer NOT NULL,
    "position" text NOT NULL,
    item_id integer NOT NULL,
    quantity_per numeric NOT NULL,
    unit text NOT NULL,
    scrap_factor numeric DEFAULT 0 NOT NULL,
    revision text,
    scrap_policy text DEFAULT 'good_and_scrap'::text NOT NULL,
    issuing text DEFAULT 'backflush'::text NOT NULL,
    CONSTRAINT bom_component_issuing_check CHECK ((issuing = ANY (ARRAY['backflush'::text, 'explicit'::text]))),
    CONSTRAINT bom_component_quantity_per_check CHECK ((quantity_per > (0)::numeric)),
    CONSTRAINT bom_component_scrap_factor_check CHECK ((scrap_factor >= (0)::numeric)),
    CONSTRAINT bom_component_scrap_policy_check CHECK ((scrap_policy = ANY (ARRAY['good_and_scrap'::text, 'good_only'::text])))
);
ALTER TABLE plant.bom_component OWNER TO lineside_plant;
CREATE TABLE plant.booking (
    tag_id integer NOT NULL,
    odometer_from numeric(20,0) NOT NULL,
    odometer_to numeric(20,0) NOT NULL,
    run_id bigint NOT NULL,
    setting_time timestamp with time zone NOT NULL,
    from_ts timestamp with time zone NOT NULL,
    to_ts timestamp with time zone NOT NULL,
    parts bigint NOT NULL,
    kind text NOT NULL,
    by_person boolean NOT NULL,
    CONSTRAINT booking_check CHECK ((odometer_to > odometer_from)),
    CONSTRAINT booking_kind_check CHECK ((kind = ANY (ARRAY['made'::text, 'scrap'::text, 'rejected'::text, 'not_counted'::text])))
)
WITH (fillfactor='50');
ALTER TABLE plant.booking OWNER TO lineside_plant;
CREATE TABLE plant.change_order (
    change_order_id integer NOT NULL,
    number text NOT NULL,
    item_id integer NOT NULL,
    old_revision text NOT NULL,
    new_revision text NOT NULL,
    effectivity text NOT NULL,
    from_time timestamp with time zone,
    orders text[] DEFAULT '{}'::text[] NOT NULL,
    from_serial bigint,
    disposition text NOT NULL,
    released_time timestamp with time zone,
    used_up_time timestamp with time zone,
    CONSTRAINT change_order_check CHECK ((new_revision <> old_revision)),
    CONSTRAINT change_order_check1 CHECK (((effectivity = 'date'::text) = (from_time IS NOT NULL))),
    CONSTRAINT change_order_disposition_check CHECK ((disposition = ANY (ARRAY['use_up'::text, 'scrap'::text, 'rework'::text, 'hold'::text]))),
    CONSTRAINT change_order_effectivity_check CHECK ((effectivity = ANY (ARRAY['date'::text, 'order'::text, 'used_up'::text])))
);
ALTER TABLE plant.change_order OWNER TO lineside_plant;
ALTER TABLE plant.change_order ALTER COLUMN change_order_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.change_order_change_order_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE plant.commit_log (
    edge_id integer NOT NULL,
    epoch uuid NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    samples integer NOT NULL,
    oldest timestamp with time zone,
    newest timestamp with time zone,
    stored_time timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
ALTER TABLE plant.commit_log OWNER TO lineside_plant;
CREATE TABLE plant.consumption (
    consumption_id bigint NOT NULL,
    event_id uuid NOT NULL,
    work_order_id bigint NOT NULL,
    run_id bigint,
    operation integer,
    location text NOT NULL,
    bom_revision text NOT NULL,
    "position" text,
    item_id integer NOT NULL,
    unit text NOT NULL,
    required numeric NOT NULL,
    shortage numeric DEFAULT 0 NOT NULL,
    residual_step text DEFAULT '0'::text NOT NULL,
    refused jsonb DEFAULT '[]'::jsonb NOT NULL,
    event_time timestamp with time zone NOT NULL,
    reversed_by uuid,
    CONSTRAINT consumption_check CHECK (((shortage >= (0)::numeric) AND (shortage <= required))),
    CONSTRAINT consumption_required_check CHECK ((required >= (0)::numeric))
);
ALTER TABLE plant.consumption OWNER TO lineside_plant;
ALTER TABLE plant.consumption ALTER COLUMN consumption_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.consumption_consumption_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE plant.cost_rate (
    kind text NOT NULL,
    code text NOT NULL,
    from_time timestamp with time zone NOT NULL,
    price numeric,
    event_id uuid NOT NULL,
    system text DEFAULT ''::text NOT NULL,
    CONSTRAINT cost_rate_given_back_check CHECK (((price IS NOT NULL) OR (kind = 'material'::text))),
    CONSTRAINT cost_rate_kind_check CHECK ((kind = ANY (ARRAY['material'::text, 'labor'::text, 'machine'::text]))),
    CONSTRAINT cost_rate_price_check CHECK ((price >= (0)::numeric)),
    CONSTRAINT cost_rate_system_check CHECK (((system = ''::text) OR ((kind = 'material'::text) AND (price IS NOT NULL))))
);
ALTER TABLE plant.cost_rate OWNER TO lineside_plant;
CREATE TABLE plant.count_case (
    kind text NOT NULL,
    run_id bigint NOT NULL,
    odometer_from numeric(20,0) DEFAULT 0 NOT NULL,
    quantity numeric NOT NULL,
    opened_time timestamp with time zone NOT NULL,
    settled_time timestamp with time zone,
    settled_by text,
    note text,
    CONSTRAINT count_case_kind_check CHECK ((kind = ANY (ARRAY['late'::text, 'difference'::text, 'surplus'::text])))
);
ALTER TABLE plant.count_case OWNER TO lineside_plant;
CREATE TABLE plant.counted_tag (
    tag_id integer NOT NULL,
    "position" numeric(20,0) DEFAULT 0 NOT NULL,
    ts timestamp with time zone,
    version integer DEFAULT 0 NOT NULL
)
WITH (fillfactor='50');
ALTER TABLE plant.counted_tag OWNER TO lineside_plant;
CREATE VIEW plant.counted_balance AS
 SELECT device.name AS device,
    tag.tag_id,
    tag.name AS tag,
    odometer.total AS stored,
    COALESCE(booking.steps, (0)::numeric) AS booked,
    ((COALESCE(waiting.steps, (0)::numeric) + odometer.total) - COALESCE(counted_tag."position", (0)::numeric)) AS not_assigned
   FROM (((((plant.odometer
     JOIN plant.tag USING (tag_id))
     JOIN plant.device USING (device_id))
     LEFT JOIN plant.counted_tag USING (tag_id))
     LEFT JOIN ( SELECT booking_1.tag_id,
            sum((booking_1.odometer_to - booking_1.odometer_from)) AS steps
           FROM plant.booking booking_1
          GROUP BY booking_1.tag_id) booking USING (tag_id))
     LEFT JOIN ( SELECT not_assigned.tag_id,
            sum((not_assigned.odometer_to - not_assigned.odometer_from)) AS steps
           FROM plant.not_assigned
          GROUP BY not_assigned.tag_id) waiting USING (tag_id))
  WHERE ((tag.role = 'counter'::text) AND ((tag.counts = 'parts'::text) OR (counted_tag.tag_id IS NOT NULL)));
ALTER TABLE plant.counted_balance OWNER TO lineside_plant;
COMMENT ON VIEW plant.counted_balance IS 'stored = booked + not_assigned of each counter; bookings and ranges are independent of the total';
CREATE TABLE plant.device_contact (
    device_id integer NOT NULL,
    ts timestamp with time zone NOT NULL,
    online boolean NOT NULL
);
ALTER TABLE plant.device_contact OWNER TO lineside_plant;
ALTER TABLE plant.device ALTER COLUMN device_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.device_device_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE plant.digest (
    business_date date NOT NULL,
    message_id uuid NOT NULL,
    receiver text NOT NULL,
    state text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    claimed_time timestamp with time zone,
    next_time timestamp with time zone,
    ended_time timestamp with time zone,
    detail text,
    body text,
    CONSTRAINT digest_receiver_check CHECK ((receiver = ANY (ARRAY['wecom'::text, 'dingtalk'::text, 'generic'::text]))),
    CONSTRAINT digest_state_check CHECK ((state = ANY (ARRAY['sending'::text, 'waiting'::text, 'sent'::text, 'refused'::text, 'unclear'::text, 'too_late'::text])))
);
ALTER TABLE plant.digest OWNER TO lineside_plant;
COMMENT ON TABLE plant.digest IS 'Sent at most once by itself: unclear (an attempt nobody answered) and sending (of a process that ended) are not sent again';
CREATE TABLE plant.drawing (
    drawing_id integer NOT NULL,
    item_id integer NOT NULL,
    revision text NOT NULL,
    name text NOT NULL,
    media_type text NOT NULL,
    sha256 bytea NOT NULL,
    content bytea NOT NULL,
    CONSTRAINT drawing_sha256_check CHECK ((length(sha256) = 32))
);
ALTER TABLE ONLY plant.drawing ALTER COLUMN content SET STORAGE EXTERNAL;
ALTER TABLE plant.drawing OWNER TO lineside_plant;
ALTER TABLE plant.drawing ALTER COLUMN drawing_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.drawing_drawing_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE plant.edge_cursor (
    edge_id integer NOT NULL,
    epoch uuid NOT NULL,
    committed bigint DEFAULT 0 NOT NULL,
    started_time timestamp with time zone DEFAULT now() NOT NULL,
    moved_time timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT edge_cursor_committed_check CHECK ((committed >= 0))
)
WITH (fillfactor='50');
ALTER TABLE plant.edge_cursor OWNER TO lineside_plant;
ALTER TABLE plant.edge ALTER COLUMN edge_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.edge_edge_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE plant.energy_key (
    tag_id integer NOT NULL,
    from_time timestamp with time zone NOT NULL,
    whole numeric NOT NULL,
    basis text NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT energy_key_basis_check CHECK ((basis <> ''::text)),
    CONSTRAINT energy_key_whole_check CHECK ((whole > (0)::numeric))
);
ALTER TABLE plant.energy_key OWNER TO lineside_plant;
CREATE TABLE plant.energy_share (
    tag_id integer NOT NULL,
    from_time timestamp with time zone NOT NULL,
    path text NOT NULL,
    weight numeric NOT NULL,
    CONSTRAINT energy_share_weight_check CHECK ((weight > (0)::numeric))
);
ALTER TABLE plant.energy_share OWNER TO lineside_plant;
CREATE TABLE plant.energy_tariff (
    from_time timestamp with time zone NOT NULL,
    time_zone text NOT NULL,
    event_id uuid NOT NULL
);
ALTER TABLE plant.energy_tariff OWNER TO lineside_plant;
CREATE TABLE plant.energy_tariff_window (
    from_time timestamp with time zone NOT NULL,
    starts time without time zone NOT NULL,
    name text NOT NULL,
    price_per_kwh numeric NOT NULL,
    CONSTRAINT energy_tariff_window_name_check CHECK ((name <> ''::text)),
    CONSTRAINT energy_tariff_window_price_per_kwh_check CHECK ((price_per_kwh >= (0)::numeric))
);
ALTER TABLE plant.energy_tariff_window OWNER TO lineside_plant;
CREATE TABLE plant.energy_to_tell (
    run_id bigint NOT NULL
);
ALTER TABLE plant.energy_to_tell OWNER TO lineside_plant;
ALTER TABLE plant.equipment ALTER COLUMN equipment_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.equipment_equipment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE plant.equipment_proposal ALTER COLUMN proposal_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.equipment_proposal_proposal_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE plant.event (
    event_id uuid NOT NULL,
    kind text NOT NULL,
    actor text NOT NULL,
    actor_id integer,
    device text,
    request_hash bytea NOT NULL,
    body jsonb NOT NULL,
    facts jsonb DEFAULT '{}'::jsonb NOT NULL,
    status smallint,
    answer jsonb,
    refused boolean DEFAULT false NOT NULL,
    event_time timestamp with time zone NOT NULL,
    recorded_time timestamp with time zone DEFAULT now() NOT NULL,
    work_order_id bigint,
    CONSTRAINT event_request_hash_check CHECK ((length(request_hash) = 32))
)
WITH (fillfactor='70');
ALTER TABLE plant.event OWNER TO lineside_plant;
CREATE TABLE plant.event_chain (
    "position" bigint NOT NULL,
    event_id uuid NOT NULL,
    hash bytea NOT NULL,
    sealed_time timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT event_chain_hash_check CHECK ((length(hash) = 32)),
    CONSTRAINT event_chain_position_check CHECK (("position" > 0))
);
ALTER TABLE plant.event_chain OWNER TO lineside_plant;
CREATE TABLE plant.external_document (
    kind text NOT NULL,
    system text NOT NULL,
    external_id text NOT NULL,
    revision bigint NOT NULL,
    content_hash bytea NOT NULL,
    row_id bigint NOT NULL,
    changed_time timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT external_document_content_hash_check CHECK ((length(content_hash) = 32))
);
ALTER TABLE plant.external_document OWNER TO lineside_plant;
CREATE TABLE plant.frozen (
    only_row boolean DEFAULT true NOT NULL,
    before timestamp with time zone NOT NULL,
    CONSTRAINT frozen_only_row_check CHECK (only_row)
);
ALTER TABLE plant.frozen OWNER TO lineside_plant;
ALTER TABLE plant.gap ALTER COLUMN gap_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.gap_gap_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE plant.hand_over (
    hand_over_id bigint NOT NULL,
    event_id uuid NOT NULL,
    equipment_id integer NOT NULL,
    from_time timestamp with time zone NOT NULL,
    to_time timestamp with time zone NOT NULL,
    note text NOT NULL,
    summary jsonb NOT NULL,
    written_by integer NOT NULL,
    read_by integer,
    read_time timestamp with time zone,
    CONSTRAINT hand_over_check CHECK ((to_time > from_time)),
    CONSTRAINT hand_over_check1 CHECK (((read_by IS NULL) = (read_time IS NULL))),
    CONSTRAINT hand_over_check2 CHECK ((read_by <> written_by)),
    CONSTRAINT hand_over_note_check CHECK ((length(note) <= 500))
);
ALTER TABLE plant.hand_over OWNER TO lineside_plant;
ALTER TABLE plant.hand_over ALTER COLUMN hand_over_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.hand_over_hand_over_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE plant.item ALTER COLUMN item_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.item_item_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE plant.item_revision (
    item_id integer NOT NULL,
    revision text NOT NULL,
    released_time timestamp with time zone,
    withdrawn_time timestamp with time zone
);
ALTER TABLE plant.item_revision OWNER TO lineside_plant;
CREATE TABLE plant.item_unit (
    item_id integer NOT NULL,
    unit text NOT NULL,
    amount numeric NOT NULL,
    equals_unit text NOT NULL,
    equals_amount numeric NOT NULL,
    CONSTRAINT item_unit_amount_check CHECK ((amount > (0)::numeric)),
    CONSTRAINT item_unit_equals_amount_check CHECK ((equals_amount > (0)::numeric))
);
ALTER TABLE plant.item_unit OWNER TO lineside_plant;
CREATE TABLE plant.labor (
    run_id bigint NOT NULL,
    person text NOT NULL,
    from_time timestamp with time zone NOT NULL,
    to_time timestamp with time zone,
    CONSTRAINT labor_check CHECK ((to_time >= from_time))
);
ALTER TABLE plant.labor OWNER TO lineside_plant;
CREATE TABLE plant.lot_hold (
    lot_id bigint NOT NULL,
    reference text NOT NULL,
    note text,
    placed_event uuid NOT NULL,
    placed_time timestamp with time zone DEFAULT now() NOT NULL,
    lifted_event uuid,
    lifted_time timestamp with time zone,
    CONSTRAINT lot_hold_reference_check CHECK ((reference <> ''::text))
);
ALTER TABLE plant.lot_hold OWNER TO lineside_plant;
CREATE TABLE plant.lot_move (
    move_id bigint NOT NULL,
    event_id uuid NOT NULL,
    lot_id bigint NOT NULL,
    kind text NOT NULL,
    from_location text,
    to_location text,
    quantity numeric NOT NULL,
    work_order_id bigint,
    consumption_id bigint,
    waiver_id bigint,
    reason text,
    event_time timestamp with time zone NOT NULL,
    recorded_time timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT lot_move_check CHECK (((from_location IS NOT NULL) OR (to_location IS NOT NULL))),
    CONSTRAINT lot_move_kind_check CHECK ((kind = ANY (ARRAY['receive'::text, 'issue'::text, 'return'::text, 'adjust'::text, 'consume'::text, 'reverse'::text]))),
    CONSTRAINT lot_move_quantity_check CHECK ((quantity > (0)::numeric))
);
ALTER TABLE plant.lot_move OWNER TO lineside_plant;
ALTER TABLE plant.lot_move ALTER COLUMN move_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.lot_move_move_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE plant.lot_stock (
    lot_id bigint NOT NULL,
    location text NOT NULL,
    quantity numeric NOT NULL,
    CONSTRAINT lot_stock_location_check CHECK ((location <> ''::text)),
    CONSTRAINT lot_stock_quantity_check CHECK ((quantity >= (0)::numeric))
)
WITH (fillfactor='50');
ALTER TABLE plant.lot_stock OWNER TO lineside_plant;
CREATE TABLE plant.material_lot (
    lot_id bigint NOT NULL,
    item_id integer NOT NULL,
    lot text NOT NULL,
    revision text,
    unit text NOT NULL,
    supplier_lot text,
    reserved_for bigint,
    received_time timestamp with time zone NOT NULL,
    expiry_time timestamp with time zone,
    CONSTRAINT material_lot_lot_check CHECK ((lot <> ''::text))
);
ALTER TABLE plant.material_lot OWNER TO lineside_plant;
ALTER TABLE plant.material_lot ALTER COLUMN lot_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.material_lot_lot_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE plant.odometer_case ALTER COLUMN case_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.odometer_case_case_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE plant.odometer_log (
    tag_id integer NOT NULL,
    ts timestamp with time zone NOT NULL,
    total numeric(20,0) NOT NULL
);
ALTER TABLE plant.odometer_log OWNER TO lineside_plant;
ALTER TABLE plant.operation ALTER COLUMN operation_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.operation_operation_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE plant.outbox_order (
    work_order_id bigint NOT NULL,
    order_seq bigint NOT NULL
)
WITH (fillfactor='50');
ALTER TABLE plant.outbox_order OWNER TO lineside_plant;
ALTER TABLE plant.outbox ALTER COLUMN outbox_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.outbox_outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE plant.person (
    person_id integer NOT NULL,
    name text NOT NULL,
    name_zh text,
    language text DEFAULT 'en'::text NOT NULL,
    roles text[] NOT NULL,
    badge_hash bytea,
    pin_hash text,
    active boolean DEFAULT true NOT NULL,
    created_time timestamp with time zone DEFAULT now() NOT NULL,
    personnel_number text,
    CONSTRAINT person_language_check CHECK ((language = ANY (ARRAY['en'::text, 'zh-CN'::text]))),
    CONSTRAINT person_name_check CHECK ((name <> ''::text)),
    CONSTRAINT person_personnel_number_check CHECK ((personnel_number <> ''::text)),
    CONSTRAINT person_roles_check CHECK (((roles <@ ARRAY['operator'::text, 'lead'::text, 'quality'::text, 'maintenance'::text, 'planner'::text, 'manager'::text, 'integrator'::text, 'admin'::text]) AND (cardinality(roles) > 0)))
);
ALTER TABLE plant.person OWNER TO lineside_plant;
ALTER TABLE plant.person ALTER COLUMN person_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.person_person_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE plant.quarantine ALTER COLUMN quarantine_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.quarantine_quarantine_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE plant.reason ALTER COLUMN reason_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.reason_reason_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE plant.restoration ALTER COLUMN restoration_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.restoration_restoration_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE plant.routing (
    routing_id integer NOT NULL,
    item_id integer NOT NULL,
    revision text NOT NULL,
    released_time timestamp with time zone
);
ALTER TABLE plant.routing OWNER TO lineside_plant;
CREATE TABLE plant.routing_operation (
    routing_id integer NOT NULL,
    "position" integer NOT NULL,
    name_en text NOT NULL,
    name_zh text NOT NULL,
    work_center text NOT NULL,
    setup_s numeric DEFAULT 0 NOT NULL,
    cycle_time_s numeric DEFAULT 0 NOT NULL,
    transfer_quantity numeric,
    is_optional boolean DEFAULT false NOT NULL,
    count_source text DEFAULT 'machine'::text NOT NULL,
    cavities integer DEFAULT 1 NOT NULL,
    CONSTRAINT routing_operation_cavities_check CHECK ((cavities > 0)),
    CONSTRAINT routing_operation_count_source_check CHECK ((count_source = ANY (ARRAY['machine'::text, 'operator'::text, 'both'::text]))),
    CONSTRAINT routing_operation_cycle_time_s_check CHECK ((cycle_time_s >= (0)::numeric)),
    CONSTRAINT routing_operation_position_check CHECK (("position" > 0)),
    CONSTRAINT routing_operation_setup_s_check CHECK ((setup_s >= (0)::numeric)),
    CONSTRAINT routing_operation_transfer_quantity_check CHECK ((transfer_quantity > (0)::numeric))
);
ALTER TABLE plant.routing_operation OWNER TO lineside_plant;
ALTER TABLE plant.routing ALTER COLUMN routing_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.routing_routing_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE plant.run ALTER COLUMN run_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.run_run_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE plant.run_setting (
    run_id bigint NOT NULL,
    from_time timestamp with time zone NOT NULL,
    phase text NOT NULL,
    cavities integer NOT NULL,
    blocked integer NOT NULL,
    cycles integer NOT NULL,
    CONSTRAINT run_setting_cavities_check CHECK ((cavities > 0)),
    CONSTRAINT run_setting_check CHECK (((blocked >= 0) AND (blocked <= cavities))),
    CONSTRAINT run_setting_cycles_check CHECK ((cycles > 0)),
    CONSTRAINT run_setting_phase_check CHECK ((phase = ANY (ARRAY['setup'::text, 'production'::text])))
);
ALTER TABLE plant.run_setting OWNER TO lineside_plant;
CREATE TABLE plant.run_tag (
    run_id bigint NOT NULL,
    tag_id integer NOT NULL,
    counts text NOT NULL,
    among_parts boolean DEFAULT false NOT NULL,
    settled boolean DEFAULT false NOT NULL,
    CONSTRAINT run_tag_counts_check CHECK ((counts = ANY (ARRAY['cycles'::text, 'parts'::text, 'good'::text, 'reject'::text])))
);
ALTER TABLE plant.run_tag OWNER TO lineside_plant;
CREATE TABLE plant.run_told (
    run_id bigint NOT NULL,
    kind text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    quantity numeric NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT run_told_kind_check CHECK ((kind = ANY (ARRAY['completion'::text, 'scrap'::text, 'rework'::text])))
)
WITH (fillfactor='50');
ALTER TABLE plant.run_told OWNER TO lineside_plant;
CREATE TABLE plant.run_told_total (
    run_id bigint NOT NULL,
    kind text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    quantity numeric NOT NULL,
    CONSTRAINT run_told_total_kind_check CHECK ((kind = ANY (ARRAY['completion'::text, 'scrap'::text, 'rework'::text])))
)
WITH (fillfactor='50');
ALTER TABLE plant.run_told_total OWNER TO lineside_plant;
CREATE TABLE plant.sample (
    ts timestamp with time zone NOT NULL,
    value double precision,
    tag_id integer NOT NULL,
    quality smallint NOT NULL
)
PARTITION BY RANGE (ts);
ALTER TABLE plant.sample OWNER TO lineside_plant;
CREATE TABLE plant.session (
    session_id uuid DEFAULT gen_random_uuid() NOT NULL,
    token_hash bytea NOT NULL,
    person_id integer NOT NULL,
    station_id integer,
    created_time timestamp with time zone DEFAULT now() NOT NULL,
    last_used_time timestamp with time zone DEFAULT now() NOT NULL,
    ended_time timestamp with time zone
);
ALTER TABLE plant.session OWNER TO lineside_plant;
CREATE TABLE plant.shift_break (
    shift_id bigint NOT NULL,
    from_ts timestamp with time zone NOT NULL,
    to_ts timestamp with time zone NOT NULL,
    CONSTRAINT shift_break_check CHECK ((to_ts > from_ts))
);
ALTER TABLE plant.shift_break OWNER TO lineside_plant;
COMMENT ON TABLE plant.shift_break IS 'Contract: when a shift rests. Breaks of past shifts are never changed.';
CREATE TABLE plant.shift_pattern (
    code text NOT NULL,
    name_en text NOT NULL,
    name_zh text NOT NULL,
    start_time time without time zone NOT NULL,
    end_time time without time zone NOT NULL,
    weekdays smallint[] DEFAULT '{0,1,2,3,4,5,6}'::smallint[] NOT NULL,
    is_stated boolean DEFAULT true NOT NULL,
    CONSTRAINT shift_pattern_weekdays_check CHECK ((weekdays <@ '{0,1,2,3,4,5,6}'::smallint[]))
);
ALTER TABLE plant.shift_pattern OWNER TO lineside_plant;
CREATE TABLE plant.shift_pattern_break (
    code text NOT NULL,
    start_time time without time zone NOT NULL,
    end_time time without time zone NOT NULL
);
ALTER TABLE plant.shift_pattern_break OWNER TO lineside_plant;
ALTER TABLE plant.shift ALTER COLUMN shift_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.shift_shift_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE plant.sign_in_try (
    subject text NOT NULL,
    tries integer NOT NULL,
    last_time timestamp with time zone DEFAULT now() NOT NULL,
    free_time timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE plant.sign_in_try OWNER TO lineside_plant;
CREATE TABLE plant.station (
    station_id integer NOT NULL,
    name text NOT NULL,
    equipment_id integer,
    credential_hash bytea,
    enrolled_time timestamp with time zone,
    CONSTRAINT station_name_check CHECK ((name <> ''::text))
);
ALTER TABLE plant.station OWNER TO lineside_plant;
ALTER TABLE plant.station ALTER COLUMN station_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.station_station_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE plant.stop_dirty (
    device_id integer NOT NULL,
    since timestamp with time zone NOT NULL
);
ALTER TABLE plant.stop_dirty OWNER TO lineside_plant;
CREATE TABLE plant.stop_gone (
    stop_id bigint NOT NULL,
    device_id integer NOT NULL,
    from_ts timestamp with time zone NOT NULL,
    to_ts timestamp with time zone,
    gone_time timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE plant.stop_gone OWNER TO lineside_plant;
CREATE TABLE plant.stop_reason (
    word_id bigint NOT NULL,
    device_id integer NOT NULL,
    from_ts timestamp with time zone NOT NULL,
    to_ts timestamp with time zone NOT NULL,
    from_start boolean NOT NULL,
    to_end boolean NOT NULL,
    reason text,
    note text,
    actor text NOT NULL,
    event_id uuid NOT NULL,
    said_time timestamp with time zone NOT NULL,
    recorded_time timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT stop_reason_check CHECK ((to_ts > from_ts))
);
ALTER TABLE plant.stop_reason OWNER TO lineside_plant;
ALTER TABLE plant.stop_reason ALTER COLUMN word_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.stop_reason_word_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE plant.stop ALTER COLUMN stop_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.stop_stop_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE plant.stop_threshold (
    path text NOT NULL,
    micro_below_s integer NOT NULL,
    CONSTRAINT stop_threshold_micro_below_s_check CHECK (((micro_below_s >= 0) AND (micro_below_s <= 86400)))
);
ALTER TABLE plant.stop_threshold OWNER TO lineside_plant;
CREATE TABLE plant.tag_proposal (
    proposal_id integer NOT NULL,
    tag_id integer NOT NULL,
    proposed jsonb NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    proposed_time timestamp with time zone DEFAULT now() NOT NULL,
    decided_time timestamp with time zone,
    decided_by text,
    CONSTRAINT tag_proposal_state_check CHECK ((state = ANY (ARRAY['open'::text, 'accepted'::text, 'rejected'::text])))
);
ALTER TABLE plant.tag_proposal OWNER TO lineside_plant;
ALTER TABLE plant.tag_proposal ALTER COLUMN proposal_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.tag_proposal_proposal_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE plant.tag ALTER COLUMN tag_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.tag_tag_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE plant.text_sample (
    ts timestamp with time zone NOT NULL,
    tag_id integer NOT NULL,
    quality smallint NOT NULL,
    value text
)
PARTITION BY RANGE (ts);
ALTER TABLE plant.text_sample OWNER TO lineside_plant;
CREATE TABLE plant.told_range (
    tag_id integer NOT NULL,
    odometer_from numeric(20,0) NOT NULL,
    odometer_to numeric(20,0) NOT NULL,
    run_id bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT told_range_check CHECK ((odometer_to > odometer_from))
);
ALTER TABLE plant.told_range OWNER TO lineside_plant;
CREATE TABLE plant.waiver (
    waiver_id bigint NOT NULL,
    work_order_id bigint NOT NULL,
    item_id integer NOT NULL,
    lot_id bigint,
    reasons text[] NOT NULL,
    changes text[] NOT NULL,
    holds text[] NOT NULL,
    note text NOT NULL,
    state text DEFAULT 'requested'::text NOT NULL,
    requested_by integer NOT NULL,
    requested_time timestamp with time zone DEFAULT now() NOT NULL,
    granted_by integer,
    granted_role text,
    granted_time timestamp with time zone,
    expiry_time timestamp with time zone,
    ended_by text,
    CONSTRAINT waiver_check CHECK ((granted_by <> requested_by)),
    CONSTRAINT waiver_check1 CHECK (((state <> ALL (ARRAY['granted'::text, 'revoked'::text])) OR ((granted_by IS NOT NULL) AND (granted_role IS NOT NULL) AND (expiry_time > granted_time)))),
    CONSTRAINT waiver_note_check CHECK ((note <> ''::text)),
    CONSTRAINT waiver_reasons_check CHECK ((cardinality(reasons) > 0)),
    CONSTRAINT waiver_state_check CHECK ((state = ANY (ARRAY['requested'::text, 'granted'::text, 'refused'::text, 'revoked'::text])))
);
ALTER TABLE plant.waiver OWNER TO lineside_plant;
ALTER TABLE plant.waiver ALTER COLUMN waiver_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.waiver_waiver_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE plant.work_order_hold (
    work_order_id bigint NOT NULL,
    reason text NOT NULL,
    reference text DEFAULT ''::text NOT NULL,
    set_by text NOT NULL,
    set_time timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT work_order_hold_reason_check CHECK ((reason = ANY (ARRAY['quality'::text, 'change'::text, 'material'::text, 'machine'::text])))
);
ALTER TABLE plant.work_order_hold OWNER TO lineside_plant;
ALTER TABLE plant.work_order ALTER COLUMN work_order_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.work_order_work_order_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE ONLY plant.alarm
    ADD CONSTRAINT alarm_pkey PRIMARY KEY (alarm_id);
ALTER TABLE ONLY plant.anchor
    ADD CONSTRAINT anchor_pkey PRIMARY KEY ("position");
ALTER TABLE ONLY plant.andon_call
    ADD CONSTRAINT andon_call_pkey PRIMARY KEY (call_id);
ALTER TABLE ONLY plant.andon_level
    ADD CONSTRAINT andon_level_pkey PRIMARY KEY (level);
ALTER TABLE ONLY plant.andon_setting
    ADD CONSTRAINT andon_setting_pkey PRIMARY KEY (is_only);
ALTER TABLE ONLY plant.andon_told
    ADD CONSTRAINT andon_told_pkey PRIMARY KEY (call_id, level);
ALTER TABLE ONLY plant.backflush_residual
    ADD CONSTRAINT backflush_residual_pkey PRIMARY KEY (work_order_id, bom_revision, "position");
ALTER TABLE ONLY plant.bom_component
    ADD CONSTRAINT bom_component_pkey PRIMARY KEY (bom_id, "position");
ALTER TABLE ONLY plant.bom
    ADD CONSTRAINT bom_item_id_revision_key UNIQUE (item_id, revision);
ALTER TABLE ONLY plant.bom
    ADD CONSTRAINT bom_pkey PRIMARY KEY (bom_id);
ALTER TABLE ONLY plant.booking
    ADD CONSTRAINT booking_once EXCLUDE USING gist (tag_id WITH =, numrange(odometer_from, odometer_to, '(]'::text) WITH &&);
ALTER TABLE ONLY plant.booking
    ADD CONSTRAINT booking_pkey PRIMARY KEY (tag_id, odometer_from);
ALTER TABLE ONLY plant.change_order
    ADD CONSTRAINT change_order_number_item_key UNIQUE (number, item_id);
ALTER TABLE ONLY plant.change_order
    ADD CONSTRAINT change_order_pkey PRIMARY KEY (change_order_id);
ALTER TABLE ONLY plant.chosen_counting_tag
    ADD CONSTRAINT chosen_counting_tag_pkey PRIMARY KEY (equipment_id);
ALTER TABLE ONLY plant.chosen_counting_tag
    ADD CONSTRAINT chosen_counting_tag_tag_id_key UNIQUE (tag_id);
ALTER TABLE ONLY plant.chosen_energy_meter
    ADD CONSTRAINT chosen_energy_meter_pkey PRIMARY KEY (device_id);
ALTER TABLE ONLY plant.chosen_energy_meter
    ADD CONSTRAINT chosen_energy_meter_tag_id_key UNIQUE (tag_id);
ALTER TABLE ONLY plant.commit_minute
    ADD CONSTRAINT commit_minute_pkey PRIMARY KEY (edge_id, minute);
ALTER TABLE ONLY plant.consumption
    ADD CONSTRAINT consumption_pkey PRIMARY KEY (consumption_id);
ALTER TABLE ONLY plant.cost_rate
    ADD CONSTRAINT cost_rate_pkey PRIMARY KEY (kind, code, system, from_time);
ALTER TABLE ONLY plant.count_case
    ADD CONSTRAINT count_case_pkey PRIMARY KEY (kind, run_id, odometer_from);
ALTER TABLE ONLY plant.counted_tag
    ADD CONSTRAINT counted_tag_pkey PRIMARY KEY (tag_id);
ALTER TABLE ONLY plant.device
    ADD CONSTRAINT device_edge_id_name_key UNIQUE (edge_id, name);
ALTER TABLE ONLY plant.device
    ADD CONSTRAINT device_pkey PRIMARY KEY (device_id);
ALTER TABLE ONLY plant.digest
    ADD CONSTRAINT digest_pkey PRIMARY KEY (business_date);
ALTER TABLE ONLY plant.drawing
    ADD CONSTRAINT drawing_item_id_revision_name_key UNIQUE (item_id, revision, name);
ALTER TABLE ONLY plant.drawing
    ADD CONSTRAINT drawing_pkey PRIMARY KEY (drawing_id);
ALTER TABLE ONLY plant.edge_cursor
    ADD CONSTRAINT edge_cursor_pkey PRIMARY KEY (edge_id, epoch);
ALTER TABLE ONLY plant.edge
    ADD CONSTRAINT edge_group_id_node_key UNIQUE (group_id, node);
ALTER TABLE ONLY plant.edge
    ADD CONSTRAINT edge_pkey PRIMARY KEY (edge_id);
ALTER TABLE ONLY plant.edge_spool
    ADD CONSTRAINT edge_spool_pkey PRIMARY KEY (edge_id);
ALTER TABLE ONLY plant.energy_key
    ADD CONSTRAINT energy_key_pkey PRIMARY KEY (tag_id, from_time);
ALTER TABLE ONLY plant.energy_share
    ADD CONSTRAINT energy_share_pkey PRIMARY KEY (tag_id, from_time, path);
ALTER TABLE ONLY plant.energy_tariff
    ADD CONSTRAINT energy_tariff_pkey PRIMARY KEY (from_time);
ALTER TABLE ONLY plant.energy_tariff_window
    ADD CONSTRAINT energy_tariff_window_pkey PRIMARY KEY (from_time, starts);
ALTER TABLE ONLY plant.energy_to_tell
    ADD CONSTRAINT energy_to_tell_pkey PRIMARY KEY (run_id);
ALTER TABLE ONLY plant.equipment
    ADD CONSTRAINT equipment_path_key UNIQUE (path);
ALTER TABLE ONLY plant.equipment
    ADD CONSTRAINT equipment_pkey PRIMARY KEY (equipment_id);
ALTER TABLE ONLY plant.equipment_proposal
    ADD CONSTRAINT equipment_proposal_device_id_key UNIQUE (device_id);
ALTER TABLE ONLY plant.equipment_proposal
    ADD CONSTRAINT equipment_proposal_pkey PRIMARY KEY (proposal_id);
ALTER TABLE ONLY plant.event_chain
    ADD CONSTRAINT event_chain_event_id_key UNIQUE (event_id);
ALTER TABLE ONLY plant.event_chain
    ADD CONSTRAINT event_chain_pkey PRIMARY KEY ("position");
ALTER TABLE ONLY plant.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY plant.external_document
    ADD CONSTRAINT external_document_pkey PRIMARY KEY (kind, system, external_id);
ALTER TABLE ONLY plant.frozen
    ADD CONSTRAINT frozen_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY plant.gap
    ADD CONSTRAINT gap_pkey PRIMARY KEY (gap_id);
ALTER TABLE ONLY plant.hand_over
    ADD CONSTRAINT hand_over_event_id_key UNIQUE (event_id);
ALTER TABLE ONLY plant.hand_over
    ADD CONSTRAINT hand_over_pkey PRIMARY KEY (hand_over_id);
ALTER TABLE ONLY plant.item
    ADD CONSTRAINT item_code_key UNIQUE (code);
ALTER TABLE ONLY plant.item
    ADD CONSTRAINT item_pkey PRIMARY KEY (item_id);
ALTER TABLE ONLY plant.item_revision
    ADD CONSTRAINT item_revision_pkey PRIMARY KEY (item_id, revision);
ALTER TABLE ONLY plant.item_unit
    ADD CONSTRAINT item_unit_pkey PRIMARY KEY (item_id, unit, equals_unit);
ALTER TABLE ONLY plant.labor
    ADD CONSTRAINT labor_pkey PRIMARY KEY (run_id, person, from_time);
ALTER TABLE ONLY plant.last_value
    ADD CONSTRAINT last_value_pkey PRIMARY KEY (tag_id);
ALTER TABLE ONLY plant.lot_move
    ADD CONSTRAINT lot_move_pkey PRIMARY KEY (move_id);
ALTER TABLE ONLY plant.lot_stock
    ADD CONSTRAINT lot_stock_pkey PRIMARY KEY (lot_id, location);
ALTER TABLE ONLY plant.machine_hour
    ADD CONSTRAINT machine_hour_pkey PRIMARY KEY (device_id, from_ts);
ALTER TABLE ONLY plant.machine_state_interval
    ADD CONSTRAINT machine_state_interval_device_id_tstzrange_excl EXCLUDE USING gist (device_id WITH =, tstzrange(from_ts, to_ts) WITH &&) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY plant.material_lot
    ADD CONSTRAINT material_lot_item_id_lot_key UNIQUE (item_id, lot);
ALTER TABLE ONLY plant.material_lot
    ADD CONSTRAINT material_lot_pkey PRIMARY KEY (lot_id);
ALTER TABLE ONLY plant.meter_hour
    ADD CONSTRAINT meter_hour_pkey PRIMARY KEY (tag_id, hour);
ALTER TABLE ONLY plant.not_assigned
    ADD CONSTRAINT not_assigned_once EXCLUDE USING gist (tag_id WITH =, numrange(odometer_from, odometer_to, '(]'::text) WITH &&);
ALTER TABLE ONLY plant.not_assigned
    ADD CONSTRAINT not_assigned_pkey PRIMARY KEY (tag_id, odometer_from);
ALTER TABLE ONLY plant.odometer_case
    ADD CONSTRAINT odometer_case_pkey PRIMARY KEY (case_id);
ALTER TABLE ONLY plant.odometer_case
    ADD CONSTRAINT odometer_case_tag_id_number_key UNIQUE (tag_id, number);
ALTER TABLE ONLY plant.odometer
    ADD CONSTRAINT odometer_pkey PRIMARY KEY (tag_id);
ALTER TABLE ONLY plant.operation
    ADD CONSTRAINT operation_pkey PRIMARY KEY (operation_id);
ALTER TABLE ONLY plant.operation
    ADD CONSTRAINT operation_work_order_id_position_name_en_key UNIQUE (work_order_id, "position", name_en);
ALTER TABLE ONLY plant.outbox_order
    ADD CONSTRAINT outbox_order_pkey PRIMARY KEY (work_order_id);
ALTER TABLE ONLY plant.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (outbox_id);
ALTER TABLE ONLY plant.outbox
    ADD CONSTRAINT outbox_work_order_id_order_seq_key UNIQUE (work_order_id, order_seq);
ALTER TABLE ONLY plant.person
    ADD CONSTRAINT person_badge_hash_key UNIQUE (badge_hash);
ALTER TABLE ONLY plant.person
    ADD CONSTRAINT person_personnel_number_key UNIQUE (personnel_number);
ALTER TABLE ONLY plant.person
    ADD CONSTRAINT person_pkey PRIMARY KEY (person_id);
ALTER TABLE ONLY plant.production_entry
    ADD CONSTRAINT production_entry_pkey PRIMARY KEY (event_id, line);
ALTER TABLE ONLY plant.quarantine
    ADD CONSTRAINT quarantine_pkey PRIMARY KEY (quarantine_id);
ALTER TABLE ONLY plant.reason
    ADD CONSTRAINT reason_kind_code_key UNIQUE (kind, code);
ALTER TABLE ONLY plant.reason
    ADD CONSTRAINT reason_pkey PRIMARY KEY (reason_id);
ALTER TABLE ONLY plant.restoration
    ADD CONSTRAINT restoration_pkey PRIMARY KEY (restoration_id);
ALTER TABLE ONLY plant.rollup_1m
    ADD CONSTRAINT rollup_1m_pkey PRIMARY KEY (tag_id, minute);
ALTER TABLE ONLY plant.routing
    ADD CONSTRAINT routing_item_id_revision_key UNIQUE (item_id, revision);
ALTER TABLE ONLY plant.routing_operation
    ADD CONSTRAINT routing_operation_pkey PRIMARY KEY (routing_id, "position", name_en);
ALTER TABLE ONLY plant.routing
    ADD CONSTRAINT routing_pkey PRIMARY KEY (routing_id);
ALTER TABLE ONLY plant.run_energy
    ADD CONSTRAINT run_energy_pkey PRIMARY KEY (run_id);
ALTER TABLE ONLY plant.run_meter_energy
    ADD CONSTRAINT run_meter_energy_pkey PRIMARY KEY (run_id, tag_id);
ALTER TABLE ONLY plant.run
    ADD CONSTRAINT run_one_at_a_time EXCLUDE USING gist (equipment_id WITH =, tstzrange(from_time, to_time) WITH &&);
ALTER TABLE ONLY plant.run
    ADD CONSTRAINT run_pkey PRIMARY KEY (run_id);
ALTER TABLE ONLY plant.run_setting
    ADD CONSTRAINT run_setting_pkey PRIMARY KEY (run_id, from_time);
ALTER TABLE ONLY plant.run_tag
    ADD CONSTRAINT run_tag_pkey PRIMARY KEY (run_id, tag_id);
ALTER TABLE ONLY plant.run_told
    ADD CONSTRAINT run_told_pkey PRIMARY KEY (run_id, kind, reason, event_id);
ALTER TABLE ONLY plant.run_told_total
    ADD CONSTRAINT run_told_total_pkey PRIMARY KEY (run_id, kind, reason);
ALTER TABLE ONLY plant.session
    ADD CONSTRAINT session_pkey PRIMARY KEY (session_id);
ALTER TABLE ONLY plant.session
    ADD CONSTRAINT session_token_hash_key UNIQUE (token_hash);
ALTER TABLE ONLY plant.shift_break
    ADD CONSTRAINT shift_break_pkey PRIMARY KEY (shift_id, from_ts);
ALTER TABLE ONLY plant.shift
    ADD CONSTRAINT shift_code_business_date_key UNIQUE (code, business_date);
ALTER TABLE ONLY plant.shift
    ADD CONSTRAINT shift_one_at_a_time EXCLUDE USING gist (tstzrange(from_ts, to_ts) WITH &&);
ALTER TABLE ONLY plant.shift_pattern_break
    ADD CONSTRAINT shift_pattern_break_pkey PRIMARY KEY (code, start_time);
ALTER TABLE ONLY plant.shift_pattern
    ADD CONSTRAINT shift_pattern_pkey PRIMARY KEY (code);
ALTER TABLE ONLY plant.shift
    ADD CONSTRAINT shift_pkey PRIMARY KEY (shift_id);
ALTER TABLE ONLY plant.sign_in_try
    ADD CONSTRAINT sign_in_try_pkey PRIMARY KEY (subject);
ALTER TABLE ONLY plant.station
    ADD CONSTRAINT station_credential_hash_key UNIQUE (credential_hash);
ALTER TABLE ONLY plant.station
    ADD CONSTRAINT station_name_key UNIQUE (name);
ALTER TABLE ONLY plant.station
    ADD CONSTRAINT station_pkey PRIMARY KEY (station_id);
ALTER TABLE ONLY plant.stop
    ADD CONSTRAINT stop_device_id_tstzrange_excl EXCLUDE USING gist (device_id WITH =, tstzrange(from_ts, to_ts) WITH &&) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY plant.stop_gone
    ADD CONSTRAINT stop_gone_pkey PRIMARY KEY (stop_id);
ALTER TABLE ONLY plant.stop_piece
    ADD CONSTRAINT stop_piece_pkey PRIMARY KEY (stop_id, from_ts);
ALTER TABLE ONLY plant.stop
    ADD CONSTRAINT stop_pkey PRIMARY KEY (stop_id);
ALTER TABLE ONLY plant.stop_reason
    ADD CONSTRAINT stop_reason_pkey PRIMARY KEY (word_id);
ALTER TABLE ONLY plant.stop_threshold
    ADD CONSTRAINT stop_threshold_pkey PRIMARY KEY (path);
ALTER TABLE ONLY plant.tag
    ADD CONSTRAINT tag_device_id_name_key UNIQUE (device_id, name);
ALTER TABLE ONLY plant.tag
    ADD CONSTRAINT tag_pkey PRIMARY KEY (tag_id);
ALTER TABLE ONLY plant.tag_proposal
    ADD CONSTRAINT tag_proposal_pkey PRIMARY KEY (proposal_id);
ALTER TABLE ONLY plant.told_range
    ADD CONSTRAINT told_range_pkey PRIMARY KEY (tag_id, odometer_from);
ALTER TABLE ONLY plant.unsealed
    ADD CONSTRAINT unsealed_pkey PRIMARY KEY (recorded_time, event_id);
ALTER TABLE ONLY plant.waiver
    ADD CONSTRAINT waiver_pkey PRIMARY KEY (waiver_id);
ALTER TABLE ONLY plant.work_order_hold
    ADD CONSTRAINT work_order_hold_pkey PRIMARY KEY (work_order_id, reason, reference);
ALTER TABLE ONLY plant.work_order
    ADD CONSTRAINT work_order_number_key UNIQUE (number);
ALTER TABLE ONLY plant.work_order
    ADD CONSTRAINT work_order_pkey PRIMARY KEY (work_order_id);
CREATE UNIQUE INDEX alarm_open ON plant.alarm USING btree (kind, subject) WHERE (cleared_time IS NULL);
CREATE UNIQUE INDEX andon_call_open ON plant.andon_call USING btree (path, type, is_late) WHERE (ended_time IS NULL);
CREATE INDEX andon_call_raised ON plant.andon_call USING btree (raised_time);
CREATE INDEX bom_component_item ON plant.bom_component USING btree (item_id);
CREATE INDEX booking_of_run ON plant.booking USING btree (run_id, odometer_from);
CREATE INDEX change_order_item ON plant.change_order USING btree (item_id);
CREATE INDEX commit_log_stored ON plant.commit_log USING brin (stored_time);
CREATE INDEX commit_minute_minute ON plant.commit_minute USING btree (minute);
CREATE INDEX consumption_event ON plant.consumption USING btree (event_id);
CREATE INDEX consumption_order ON plant.consumption USING btree (work_order_id, consumption_id);
CREATE INDEX consumption_short ON plant.consumption USING btree (consumption_id) WHERE ((shortage > (0)::numeric) AND (reversed_by IS NULL));
CREATE INDEX device_contact_ts ON plant.device_contact USING btree (device_id, ts);
CREATE INDEX energy_share_path ON plant.energy_share USING btree (path);
CREATE INDEX event_of_work_order ON plant.event USING btree (work_order_id, recorded_time) WHERE (work_order_id IS NOT NULL);
CREATE INDEX hand_over_at ON plant.hand_over USING btree (equipment_id, to_time);
CREATE UNIQUE INDEX labor_open ON plant.labor USING btree (run_id, person) WHERE (to_time IS NULL);
CREATE UNIQUE INDEX lot_hold_open ON plant.lot_hold USING btree (lot_id, reference) WHERE (lifted_time IS NULL);
CREATE INDEX lot_move_consumption ON plant.lot_move USING btree (consumption_id) WHERE (consumption_id IS NOT NULL);
CREATE INDEX lot_move_lot ON plant.lot_move USING btree (lot_id, move_id);
CREATE INDEX lot_move_order ON plant.lot_move USING btree (work_order_id, move_id) WHERE (work_order_id IS NOT NULL);
CREATE INDEX lot_stock_at ON plant.lot_stock USING btree (location) WHERE (quantity > (0)::numeric);
CREATE INDEX machine_hour_from ON plant.machine_hour USING btree (from_ts);
CREATE INDEX machine_hour_shift ON plant.machine_hour USING btree (shift_id);
CREATE INDEX machine_state_interval_from ON plant.machine_state_interval USING btree (device_id, from_ts);
CREATE INDEX material_lot_code ON plant.material_lot USING btree (lot);
CREATE INDEX material_lot_supplier ON plant.material_lot USING btree (supplier_lot) WHERE (supplier_lot IS NOT NULL);
CREATE INDEX meter_hour_hour ON plant.meter_hour USING btree (hour);
CREATE INDEX odometer_case_tag ON plant.odometer_case USING btree (tag_id, from_ts);
CREATE INDEX odometer_log_tag_ts ON plant.odometer_log USING btree (tag_id, ts);
CREATE INDEX outbox_due ON plant.outbox USING btree (not_before, outbox_id);
CREATE INDEX production_entry_bad ON plant.production_entry USING btree (run_id) WHERE (kind <> 'good'::text);
CREATE INDEX production_entry_event ON plant.production_entry USING btree (event_time);
CREATE INDEX production_entry_order ON plant.production_entry USING btree (work_order_id, recorded_time);
CREATE UNIQUE INDEX production_entry_reversed_once ON plant.production_entry USING btree (reverses, line) WHERE (reverses IS NOT NULL);
CREATE INDEX production_entry_run ON plant.production_entry USING btree (run_id, recorded_time);
CREATE INDEX run_meter_energy_tag ON plant.run_meter_energy USING btree (tag_id);
CREATE INDEX run_of_order ON plant.run USING btree (work_order_id);
CREATE UNIQUE INDEX run_open ON plant.run USING btree (equipment_id) WHERE (to_time IS NULL);
CREATE INDEX run_tag_open ON plant.run_tag USING btree (tag_id) WHERE (NOT settled);
CREATE INDEX sample_tag_ts ON ONLY plant.sample USING btree (tag_id, ts);
CREATE INDEX session_of_person ON plant.session USING btree (person_id) WHERE (ended_time IS NULL);
CREATE INDEX shift_break_span ON plant.shift_break USING gist (tstzrange(from_ts, to_ts));
CREATE INDEX stop_from ON plant.stop USING btree (device_id, from_ts);
CREATE INDEX stop_newest ON plant.stop USING btree (from_ts DESC, stop_id DESC);
CREATE INDEX stop_piece_open ON plant.stop_piece USING btree (stop_id) WHERE (to_ts IS NULL);
CREATE INDEX stop_piece_span ON plant.stop_piece USING gist (tstzrange(from_ts, to_ts));
CREATE INDEX stop_piece_unexplained ON plant.stop_piece USING gist (tstzrange(from_ts, to_ts)) WHERE (reason IS NULL);
CREATE INDEX stop_reason_device ON plant.stop_reason USING btree (device_id, to_ts);
CREATE UNIQUE INDEX tag_proposal_open ON plant.tag_proposal USING btree (tag_id) WHERE (state = 'open'::text);
CREATE INDEX text_sample_tag_ts ON ONLY plant.text_sample USING btree (tag_id, ts);
CREATE INDEX told_range_run ON plant.told_range USING btree (run_id);
CREATE INDEX waiver_of_order ON plant.waiver USING btree (work_order_id) WHERE (state = 'granted'::text);
CREATE INDEX work_order_bom ON plant.work_order USING btree (bom_id);
CREATE INDEX work_order_item ON plant.work_order USING btree (item_id);
CREATE INDEX work_order_open ON plant.work_order USING btree (priority, due_time) WHERE (state <> ALL (ARRAY['closed'::text, 'cancelled'::text, 'aborted'::text]));
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON plant.anchor FOR EACH ROW EXECUTE FUNCTION plant.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON plant.cost_rate FOR EACH ROW EXECUTE FUNCTION plant.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON plant.energy_key FOR EACH ROW EXECUTE FUNCTION plant.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON plant.energy_share FOR EACH ROW EXECUTE FUNCTION plant.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON plant.energy_tariff FOR EACH ROW EXECUTE FUNCTION plant.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON plant.energy_tariff_window FOR EACH ROW EXECUTE FUNCTION plant.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON plant.event FOR EACH ROW WHEN ((old.status IS NOT NULL)) EXECUTE FUNCTION plant.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON plant.event_chain FOR EACH ROW EXECUTE FUNCTION plant.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON plant.lot_move FOR EACH ROW EXECUTE FUNCTION plant.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON plant.stop_reason FOR EACH ROW EXECUTE FUNCTION plant.refuse_change();
CREATE TRIGGER mark_contact_dirty AFTER INSERT ON plant.device_contact FOR EACH ROW EXECUTE FUNCTION plant.mark_contact_dirty();
CREATE TRIGGER mark_count_hours AFTER INSERT OR DELETE OR UPDATE ON plant.booking FOR EACH ROW EXECUTE FUNCTION plant.mark_count_hours();
CREATE TRIGGER mark_count_hours AFTER INSERT OR DELETE OR UPDATE ON plant.not_assigned FOR EACH ROW EXECUTE FUNCTION plant.mark_count_hours();
CREATE TRIGGER mark_energy_to_tell AFTER INSERT OR UPDATE OF to_time ON plant.run FOR EACH ROW WHEN ((new.to_time IS NOT NULL)) EXECUTE FUNCTION plant.mark_energy_to_tell();
CREATE TRIGGER mark_entry_hours AFTER INSERT OR DELETE ON plant.production_entry FOR EACH ROW EXECUTE FUNCTION plant.mark_entry_hours();
CREATE TRIGGER mark_gap_dirty AFTER INSERT ON plant.gap FOR EACH ROW WHEN ((new.from_ts IS NOT NULL)) EXECUTE FUNCTION plant.mark_gap_dirty();
CREATE TRIGGER mark_interval_hours AFTER INSERT OR DELETE OR UPDATE ON plant.machine_state_interval FOR EACH ROW EXECUTE FUNCTION plant.mark_interval_hours();
CREATE TRIGGER mark_piece_hours AFTER INSERT OR DELETE OR UPDATE ON plant.stop_piece FOR EACH ROW EXECUTE FUNCTION plant.mark_piece_hours();
CREATE TRIGGER mark_shift_hours AFTER INSERT OR DELETE OR UPDATE ON plant.shift FOR EACH ROW EXECUTE FUNCTION plant.mark_shift_hours();
CREATE TRIGGER mark_stops_dirty AFTER INSERT OR DELETE OR UPDATE ON plant.machine_state_interval FOR EACH ROW EXECUTE FUNCTION plant.mark_stops_dirty();
ALTER TABLE ONLY plant.andon_told
    ADD CONSTRAINT andon_told_call_id_fkey FOREIGN KEY (call_id) REFERENCES plant.andon_call(call_id);
ALTER TABLE ONLY plant.backflush_residual
    ADD CONSTRAINT backflush_residual_work_order_id_fkey FOREIGN KEY (work_order_id) REFERENCES plant.work_order(work_order_id);
ALTER TABLE ONLY plant.bom_component
    ADD CONSTRAINT bom_component_bom_id_fkey FOREIGN KEY (bom_id) REFERENCES plant.bom(bom_id);
ALTER TABLE ONLY plant.bom_component
    ADD CONSTRAINT bom_component_item_id_fkey FOREIGN KEY (item_id) REFERENCES plant.item(item_id);
ALTER TABLE ONLY plant.bom
    ADD CONSTRAINT bom_item_id_revision_fkey FOREIGN KEY (item_id, revision) REFERENCES plant.item_revision(item_id, revision);
ALTER TABLE ONLY plant.booking
    ADD CONSTRAINT booking_run_id_fkey FOREIGN KEY (run_id) REFERENCES plant.run(run_id);
ALTER TABLE ONLY plant.booking
    ADD CONSTRAINT booking_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES plant.tag(tag_id);
ALTER TABLE ONLY plant.change_order
    ADD CONSTRAINT change_order_item_id_fkey FOREIGN KEY (item_id) REFERENCES plant.item(item_id);
ALTER TABLE ONLY plant.change_order
    ADD CONSTRAINT change_order_item_id_new_revision_fkey FOREIGN KEY (item_id, new_revision) REFERENCES plant.item_revision(item_id, revision);
ALTER TABLE ONLY plant.change_order
    ADD CONSTRAINT change_order_item_id_old_revision_fkey FOREIGN KEY (item_id, old_revision) REFERENCES plant.item_revision(item_id, revision);
ALTER TABLE ONLY plant.chosen_counting_tag
    ADD CONSTRAINT chosen_counting_tag_equipment_id_fkey FOREIGN KEY (equipment_id) REFERENCES plant.equipment(equipment_id);
ALTER TABLE ONLY plant.chosen_counting_tag
    ADD CONSTRAINT chosen_counting_tag_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES plant.tag(tag_id);
ALTER TABLE ONLY plant.chosen_energy_meter
    ADD CONSTRAINT chosen_energy_meter_device_id_fkey FOREIGN KEY (device_id) REFERENCES plant.device(device_id);
ALTER TABLE ONLY plant.chosen_energy_meter
    ADD CONSTRAINT chosen_energy_meter_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES plant.tag(tag_id);
ALTER TABLE ONLY plant.commit_log
    ADD CONSTRAINT commit_log_edge_id_fkey FOREIGN KEY (edge_id) REFERENCES plant.edge(edge_id);
ALTER TABLE ONLY plant.commit_minute
    ADD CONSTRAINT commit_minute_edge_id_fkey FOREIGN KEY (edge_id) REFERENCES plant.edge(edge_id);
ALTER TABLE ONLY plant.consumption
    ADD CONSTRAINT consumption_item_id_fkey FOREIGN KEY (item_id) REFERENCES plant.item(item_id);
ALTER TABLE ONLY plant.consumption
    ADD CONSTRAINT consumption_run_id_fkey FOREIGN KEY (run_id) REFERENCES plant.run(run_id);
ALTER TABLE ONLY plant.consumption
    ADD CONSTRAINT consumption_work_order_id_fkey FOREIGN KEY (work_order_id) REFERENCES plant.work_order(work_order_id);
ALTER TABLE ONLY plant.count_case
    ADD CONSTRAINT count_case_run_id_fkey FOREIGN KEY (run_id) REFERENCES plant.run(run_id);
ALTER TABLE ONLY plant.counted_tag
    ADD CONSTRAINT counted_tag_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES plant.tag(tag_id);
ALTER TABLE ONLY plant.device_contact
    ADD CONSTRAINT device_contact_device_id_fkey FOREIGN KEY (device_id) REFERENCES plant.device(device_id);
ALTER TABLE ONLY plant.device
    ADD CONSTRAINT device_edge_id_fkey FOREIGN KEY (edge_id) REFERENCES plant.edge(edge_id);
ALTER TABLE ONLY plant.drawing
    ADD CONSTRAINT drawing_item_id_revision_fkey FOREIGN KEY (item_id, revision) REFERENCES plant.item_revision(item_id, revision);
ALTER TABLE ONLY plant.edge_cursor
    ADD CONSTRAINT edge_cursor_edge_id_fkey FOREIGN KEY (edge_id) REFERENCES plant.edge(edge_id);
ALTER TABLE ONLY plant.edge_spool
    ADD CONSTRAINT edge_spool_edge_id_fkey FOREIGN KEY (edge_id) REFERENCES plant.edge(edge_id);
ALTER TABLE ONLY plant.energy_key
    ADD CONSTRAINT energy_key_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES plant.tag(tag_id);
ALTER TABLE ONLY plant.energy_share
    ADD CONSTRAINT energy_share_tag_id_from_time_fkey FOREIGN KEY (tag_id, from_time) REFERENCES plant.energy_key(tag_id, from_time);
ALTER TABLE ONLY plant.energy_tariff_window
    ADD CONSTRAINT energy_tariff_window_from_time_fkey FOREIGN KEY (from_time) REFERENCES plant.energy_tariff(from_time);
ALTER TABLE ONLY plant.equipment_proposal
    ADD CONSTRAINT equipment_proposal_device_id_fkey FOREIGN KEY (device_id) REFERENCES plant.device(device_id);
ALTER TABLE ONLY plant.equipment_proposal
    ADD CONSTRAINT equipment_proposal_equipment_id_fkey FOREIGN KEY (equipment_id) REFERENCES plant.equipment(equipment_id);
ALTER TABLE ONLY plant.event_chain
    ADD CONSTRAINT event_chain_event_id_fkey FOREIGN KEY (event_id) REFERENCES plant.event(event_id);
ALTER TABLE ONLY plant.gap
    ADD CONSTRAINT gap_edge_id_fkey FOREIGN KEY (edge_id) REFERENCES plant.edge(edge_id);
ALTER TABLE ONLY plant.hand_over
    ADD CONSTRAINT hand_over_equipment_id_fkey FOREIGN KEY (equipment_id) REFERENCES plant.equipment(equipment_id);
ALTER TABLE ONLY plant.hand_over
    ADD CONSTRAINT hand_over_read_by_fkey FOREIGN KEY (read_by) REFERENCES plant.person(person_id);
ALTER TABLE ONLY plant.hand_over
    ADD CONSTRAINT hand_over_written_by_fkey FOREIGN KEY (written_by) REFERENCES plant.person(person_id);
ALTER TABLE ONLY plant.item_revision
    ADD CONSTRAINT item_revision_item_id_fkey FOREIGN KEY (item_id) REFERENCES plant.item(item_id);
ALTER TABLE ONLY plant.item_unit
    ADD CONSTRAINT item_unit_item_id_fkey FOREIGN KEY (item_id) REFERENCES plant.item(item_id);
ALTER TABLE ONLY plant.labor
    ADD CONSTRAINT labor_run_id_fkey FOREIGN KEY (run_id) REFERENCES plant.run(run_id);
ALTER TABLE ONLY plant.last_value
    ADD CONSTRAINT last_value_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES plant.tag(tag_id);
ALTER TABLE ONLY plant.lot_hold
    ADD CONSTRAINT lot_hold_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES plant.material_lot(lot_id);
ALTER TABLE ONLY plant.lot_move
    ADD CONSTRAINT lot_move_consumption_id_fkey FOREIGN KEY (consumption_id) REFERENCES plant.consumption(consumption_id);
ALTER TABLE ONLY plant.lot_move
    ADD CONSTRAINT lot_move_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES plant.material_lot(lot_id);
ALTER TABLE ONLY plant.lot_move
    ADD CONSTRAINT lot_move_work_order_id_fkey FOREIGN KEY (work_order_id) REFERENCES plant.work_order(work_order_id);
ALTER TABLE ONLY plant.lot_stock
    ADD CONSTRAINT lot_stock_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES plant.material_lot(lot_id);
ALTER TABLE ONLY plant.machine_hour
    ADD CONSTRAINT machine_hour_device_id_fkey FOREIGN KEY (device_id) REFERENCES plant.device(device_id);
ALTER TABLE ONLY plant.machine_state_interval
    ADD CONSTRAINT machine_state_interval_device_id_fkey FOREIGN KEY (device_id) REFERENCES plant.device(device_id);
ALTER TABLE ONLY plant.material_lot
    ADD CONSTRAINT material_lot_item_id_fkey FOREIGN KEY (item_id) REFERENCES plant.item(item_id);
ALTER TABLE ONLY plant.material_lot
    ADD CONSTRAINT material_lot_reserved_for_fkey FOREIGN KEY (reserved_for) REFERENCES plant.work_order(work_order_id);
ALTER TABLE ONLY plant.meter_hour
    ADD CONSTRAINT meter_hour_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES plant.tag(tag_id);
ALTER TABLE ONLY plant.not_assigned
    ADD CONSTRAINT not_assigned_proposed_run_id_fkey FOREIGN KEY (proposed_run_id) REFERENCES plant.run(run_id);
ALTER TABLE ONLY plant.not_assigned
    ADD CONSTRAINT not_assigned_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES plant.tag(tag_id);
ALTER TABLE ONLY plant.odometer_case
    ADD CONSTRAINT odometer_case_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES plant.tag(tag_id);
ALTER TABLE ONLY plant.odometer
    ADD CONSTRAINT odometer_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES plant.tag(tag_id);
ALTER TABLE ONLY plant.operation
    ADD CONSTRAINT operation_work_order_id_fkey FOREIGN KEY (work_order_id) REFERENCES plant.work_order(work_order_id);
ALTER TABLE ONLY plant.production_entry
    ADD CONSTRAINT production_entry_run_id_fkey FOREIGN KEY (run_id) REFERENCES plant.run(run_id);
ALTER TABLE ONLY plant.production_entry
    ADD CONSTRAINT production_entry_work_order_id_fkey FOREIGN KEY (work_order_id) REFERENCES plant.work_order(work_order_id);
ALTER TABLE ONLY plant.quarantine
    ADD CONSTRAINT quarantine_edge_id_fkey FOREIGN KEY (edge_id) REFERENCES plant.edge(edge_id);
ALTER TABLE ONLY plant.reason
    ADD CONSTRAINT reason_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES plant.reason(reason_id);
ALTER TABLE ONLY plant.routing
    ADD CONSTRAINT routing_item_id_fkey FOREIGN KEY (item_id) REFERENCES plant.item(item_id);
ALTER TABLE ONLY plant.routing_operation
    ADD CONSTRAINT routing_operation_routing_id_fkey FOREIGN KEY (routing_id) REFERENCES plant.routing(routing_id);
ALTER TABLE ONLY plant.run_energy
    ADD CONSTRAINT run_energy_run_id_fkey FOREIGN KEY (run_id) REFERENCES plant.run(run_id);
ALTER TABLE ONLY plant.run
    ADD CONSTRAINT run_equipment_id_fkey FOREIGN KEY (equipment_id) REFERENCES plant.equipment(equipment_id);
ALTER TABLE ONLY plant.run_meter_energy
    ADD CONSTRAINT run_meter_energy_run_id_fkey FOREIGN KEY (run_id) REFERENCES plant.run_energy(run_id);
ALTER TABLE ONLY plant.run_meter_energy
    ADD CONSTRAINT run_meter_energy_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES plant.tag(tag_id);
ALTER TABLE ONLY plant.run
    ADD CONSTRAINT run_operation_id_fkey FOREIGN KEY (operation_id) REFERENCES plant.operation(operation_id);
ALTER TABLE ONLY plant.run_setting
    ADD CONSTRAINT run_setting_run_id_fkey FOREIGN KEY (run_id) REFERENCES plant.run(run_id);
ALTER TABLE ONLY plant.run
    ADD CONSTRAINT run_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES plant.tag(tag_id);
ALTER TABLE ONLY plant.run_tag
    ADD CONSTRAINT run_tag_run_id_fkey FOREIGN KEY (run_id) REFERENCES plant.run(run_id);
ALTER TABLE ONLY plant.run_tag
    ADD CONSTRAINT run_tag_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES plant.tag(tag_id);
ALTER TABLE ONLY plant.run_told
    ADD CONSTRAINT run_told_run_id_fkey FOREIGN KEY (run_id) REFERENCES plant.run(run_id);
ALTER TABLE ONLY plant.run_told_total
    ADD CONSTRAINT run_told_total_run_id_fkey FOREIGN KEY (run_id) REFERENCES plant.run(run_id);
ALTER TABLE ONLY plant.run
    ADD CONSTRAINT run_work_order_id_fkey FOREIGN KEY (work_order_id) REFERENCES plant.work_order(work_order_id);
ALTER TABLE ONLY plant.sample_quarantine
    ADD CONSTRAINT sample_quarantine_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES plant.tag(tag_id);
ALTER TABLE ONLY plant.session
    ADD CONSTRAINT session_person_id_fkey FOREIGN KEY (person_id) REFERENCES plant.person(person_id);
ALTER TABLE ONLY plant.session
    ADD CONSTRAINT session_station_id_fkey FOREIGN KEY (station_id) REFERENCES plant.station(station_id);
ALTER TABLE ONLY plant.shift_break
    ADD CONSTRAINT shift_break_shift_id_fkey FOREIGN KEY (shift_id) REFERENCES plant.shift(shift_id) ON DELETE CASCADE;
ALTER TABLE ONLY plant.shift_pattern_break
    ADD CONSTRAINT shift_pattern_break_code_fkey FOREIGN KEY (code) REFERENCES plant.shift_pattern(code) ON DELETE CASCADE;
ALTER TABLE ONLY plant.station
    ADD CONSTRAINT station_equipment_id_fkey FOREIGN KEY (equipment_id) REFERENCES plant.equipment(equipment_id);
ALTER TABLE ONLY plant.stop
    ADD CONSTRAINT stop_device_id_fkey FOREIGN KEY (device_id) REFERENCES plant.device(device_id);
ALTER TABLE ONLY plant.stop_gone
    ADD CONSTRAINT stop_gone_device_id_fkey FOREIGN KEY (device_id) REFERENCES plant.device(device_id);
ALTER TABLE ONLY plant.stop_piece
    ADD CONSTRAINT stop_piece_stop_id_fkey FOREIGN KEY (stop_id) REFERENCES plant.stop(stop_id) ON DELETE CASCADE;
ALTER TABLE ONLY plant.stop_reason
    ADD CONSTRAINT stop_reason_device_id_fkey FOREIGN KEY (device_id) REFERENCES plant.device(device_id);
ALTER TABLE ONLY plant.tag
    ADD CONSTRAINT tag_device_id_fkey FOREIGN KEY (device_id) REFERENCES plant.device(device_id);
ALTER TABLE ONLY plant.tag_proposal
    ADD CONSTRAINT tag_proposal_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES plant.tag(tag_id);
ALTER TABLE ONLY plant.told_range
    ADD CONSTRAINT told_range_run_id_fkey FOREIGN KEY (run_id) REFERENCES plant.run(run_id);
ALTER TABLE ONLY plant.told_range
    ADD CONSTRAINT told_range_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES plant.tag(tag_id);
ALTER TABLE ONLY plant.waiver
    ADD CONSTRAINT waiver_granted_by_fkey FOREIGN KEY (granted_by) REFERENCES plant.person(person_id);
ALTER TABLE ONLY plant.waiver
    ADD CONSTRAINT waiver_item_id_fkey FOREIGN KEY (item_id) REFERENCES plant.item(item_id);
ALTER TABLE ONLY plant.waiver
    ADD CONSTRAINT waiver_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES plant.material_lot(lot_id);
ALTER TABLE ONLY plant.waiver
    ADD CONSTRAINT waiver_requested_by_fkey FOREIGN KEY (requested_by) REFERENCES plant.person(person_id);
ALTER TABLE ONLY plant.waiver
    ADD CONSTRAINT waiver_work_order_id_fkey FOREIGN KEY (work_order_id) REFERENCES plant.work_order(work_order_id);
ALTER TABLE ONLY plant.work_order
    ADD CONSTRAINT work_order_bom_id_fkey FOREIGN KEY (bom_id) REFERENCES plant.bom(bom_id);
ALTER TABLE ONLY plant.work_order_hold
    ADD CONSTRAINT work_order_hold_work_order_id_fkey FOREIGN KEY (work_order_id) REFERENCES plant.work_order(work_order_id);
ALTER TABLE ONLY plant.work_order
    ADD CONSTRAINT work_order_item_id_fkey FOREIGN KEY (item_id) REFERENCES plant.item(item_id);
ALTER TABLE ONLY plant.work_order
    ADD CONSTRAINT work_order_routing_id_fkey FOREIGN KEY (routing_id) REFERENCES plant.routing(routing_id);
GRANT USAGE ON SCHEMA bi TO lineside_bi;
GRANT ALL ON SCHEMA bi TO lineside_bridge;
GRANT USAGE ON SCHEMA plant TO lineside_bridge;
REVOKE USAGE ON SCHEMA public FROM PUBLIC;
GRANT SELECT ON TABLE bi.alarm TO lineside_bi;
GRANT SELECT ON TABLE bi.andon_call TO lineside_bi;
GRANT SELECT ON TABLE bi.andon_day TO lineside_bi;
GRANT SELECT ON TABLE bi.database TO lineside_bi;
GRANT SELECT ON TABLE bi.edge TO lineside_bi;
GRANT SELECT ON TABLE bi.edge_spool TO lineside_bi;
GRANT SELECT ON TABLE bi.energy_balance TO lineside_bi;
GRANT SELECT ON TABLE bi.energy_hour TO lineside_bi;
GRANT SELECT ON TABLE bi.energy_run TO lineside_bi;
GRANT SELECT ON TABLE bi.erp_document TO lineside_bi;
GRANT SELECT ON TABLE bi.erp_document TO lineside_plant;
GRANT SELECT ON TABLE plant.restoration TO lineside_bridge;
GRANT SELECT ON TABLE bi.erp_hold TO lineside_bi;
GRANT SELECT ON TABLE bi.erp_hold TO lineside_plant;
GRANT SELECT ON TABLE bi.erp_inbox TO lineside_bi;
GRANT SELECT ON TABLE bi.gap TO lineside_bi;
GRANT SELECT ON TABLE bi.ingest_minute TO lineside_bi;
GRANT SELECT ON TABLE bi.machine TO lineside_bi;
GRANT SELECT ON TABLE bi.machine_hour TO lineside_bi;
GRANT SELECT ON TABLE bi.machine_state TO lineside_bi;
GRANT SELECT ON TABLE bi.not_assigned TO lineside_bi;
GRANT SELECT ON TABLE bi.odometer_case TO lineside_bi;
GRANT SELECT ON TABLE bi.oee_shift TO lineside_bi;
GRANT SELECT,DELETE ON TABLE plant.outbox TO lineside_bridge;
GRANT SELECT ON TABLE bi.outbox TO lineside_bi;
GRANT SELECT ON TABLE bi.output_hour TO lineside_bi;
GRANT SELECT ON TABLE bi.quarantine TO lineside_bi;
GRANT SELECT ON TABLE bi.run TO lineside_bi;
GRANT SELECT ON TABLE bi.scrap TO lineside_bi;
GRANT SELECT ON TABLE bi.shift TO lineside_bi;
GRANT SELECT ON TABLE bi.stop TO lineside_bi;
GRANT SELECT ON TABLE bi.tag_minute TO lineside_bi;
GRANT SELECT ON TABLE bi.work_order TO lineside_bi;
