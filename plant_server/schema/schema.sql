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
CREATE FUNCTION plant.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'plant.% is append-only', TG_TABLE_NAME;
END $$;
ALTER FUNCTION plant.refuse_change() OWNER TO lineside_plant;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE plant.device (
    device_id integer NOT NULL,
    edge_id integer NOT NULL,
    name text NOT NULL,
    path text,
    online boolean,
    offline_time timestamp with time zone
);
ALTER TABLE plant.device OWNER TO lineside_plant;
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
CREATE VIEW bi.tag_minute AS
 SELECT device.path,
    device.name AS device,
    tag.name AS tag,
    tag.role,
    tag.unit,
    rollup.minute,
    rollup.n,
    rollup.n_bad,
    (rollup.s / (NULLIF(rollup.n, 0))::double precision) AS average,
    rollup.min_value,
    rollup.max_value
   FROM ((plant.rollup_1m rollup
     JOIN plant.tag USING (tag_id))
     JOIN plant.device USING (device_id));
ALTER TABLE bi.tag_minute OWNER TO lineside_plant;
COMMENT ON VIEW bi.tag_minute IS 'How did each tag run, minute by minute? Average, lowest and highest good value.';
CREATE TABLE plant.alarm (
    alarm_id bigint NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    detail text NOT NULL,
    raised_time timestamp with time zone DEFAULT now() NOT NULL,
    cleared_time timestamp with time zone
);
ALTER TABLE plant.alarm OWNER TO lineside_plant;
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
CREATE TABLE plant.dirty (
    tag_id integer NOT NULL,
    minute timestamp with time zone NOT NULL
);
ALTER TABLE plant.dirty OWNER TO lineside_plant;
CREATE TABLE plant.edge (
    edge_id integer NOT NULL,
    group_id text NOT NULL,
    node text NOT NULL,
    bd_seq smallint,
    online boolean DEFAULT false NOT NULL,
    last_message timestamp with time zone,
    clock_skew_s double precision
);
ALTER TABLE plant.edge OWNER TO lineside_plant;
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
CREATE TABLE plant.equipment (
    equipment_id integer NOT NULL,
    path text NOT NULL,
    name text NOT NULL
);
ALTER TABLE plant.equipment OWNER TO lineside_plant;
ALTER TABLE plant.equipment ALTER COLUMN equipment_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.equipment_equipment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
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
CREATE TABLE plant.frozen (
    only_row boolean DEFAULT true NOT NULL,
    before timestamp with time zone NOT NULL,
    CONSTRAINT frozen_only_row_check CHECK (only_row)
);
ALTER TABLE plant.frozen OWNER TO lineside_plant;
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
ALTER TABLE plant.gap ALTER COLUMN gap_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.gap_gap_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
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
CREATE TABLE plant.machine_state_interval (
    device_id integer NOT NULL,
    state text NOT NULL,
    from_ts timestamp with time zone NOT NULL,
    to_ts timestamp with time zone,
    CONSTRAINT machine_state_interval_check CHECK ((to_ts > from_ts))
);
ALTER TABLE plant.machine_state_interval OWNER TO lineside_plant;
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
    CONSTRAINT person_language_check CHECK ((language = ANY (ARRAY['en'::text, 'zh-CN'::text]))),
    CONSTRAINT person_name_check CHECK ((name <> ''::text)),
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
ALTER TABLE plant.quarantine ALTER COLUMN quarantine_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME plant.quarantine_quarantine_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE plant.sample (
    ts timestamp with time zone NOT NULL,
    value double precision,
    tag_id integer NOT NULL,
    quality smallint NOT NULL
)
PARTITION BY RANGE (ts);
ALTER TABLE plant.sample OWNER TO lineside_plant;
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
CREATE TABLE plant.unsealed (
    recorded_time timestamp with time zone NOT NULL,
    event_id uuid NOT NULL
);
ALTER TABLE plant.unsealed OWNER TO lineside_plant;
ALTER TABLE ONLY plant.alarm
    ADD CONSTRAINT alarm_pkey PRIMARY KEY (alarm_id);
ALTER TABLE ONLY plant.anchor
    ADD CONSTRAINT anchor_pkey PRIMARY KEY ("position");
ALTER TABLE ONLY plant.device
    ADD CONSTRAINT device_edge_id_name_key UNIQUE (edge_id, name);
ALTER TABLE ONLY plant.device
    ADD CONSTRAINT device_pkey PRIMARY KEY (device_id);
ALTER TABLE ONLY plant.edge_cursor
    ADD CONSTRAINT edge_cursor_pkey PRIMARY KEY (edge_id, epoch);
ALTER TABLE ONLY plant.edge
    ADD CONSTRAINT edge_group_id_node_key UNIQUE (group_id, node);
ALTER TABLE ONLY plant.edge
    ADD CONSTRAINT edge_pkey PRIMARY KEY (edge_id);
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
ALTER TABLE ONLY plant.frozen
    ADD CONSTRAINT frozen_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY plant.gap
    ADD CONSTRAINT gap_pkey PRIMARY KEY (gap_id);
ALTER TABLE ONLY plant.last_value
    ADD CONSTRAINT last_value_pkey PRIMARY KEY (tag_id);
ALTER TABLE ONLY plant.machine_state_interval
    ADD CONSTRAINT machine_state_interval_device_id_tstzrange_excl EXCLUDE USING gist (device_id WITH =, tstzrange(from_ts, to_ts) WITH &&) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY plant.odometer_case
    ADD CONSTRAINT odometer_case_pkey PRIMARY KEY (case_id);
ALTER TABLE ONLY plant.odometer_case
    ADD CONSTRAINT odometer_case_tag_id_number_key UNIQUE (tag_id, number);
ALTER TABLE ONLY plant.odometer
    ADD CONSTRAINT odometer_pkey PRIMARY KEY (tag_id);
ALTER TABLE ONLY plant.outbox_order
    ADD CONSTRAINT outbox_order_pkey PRIMARY KEY (work_order_id);
ALTER TABLE ONLY plant.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (outbox_id);
ALTER TABLE ONLY plant.outbox
    ADD CONSTRAINT outbox_work_order_id_order_seq_key UNIQUE (work_order_id, order_seq);
ALTER TABLE ONLY plant.person
    ADD CONSTRAINT person_badge_hash_key UNIQUE (badge_hash);
ALTER TABLE ONLY plant.person
    ADD CONSTRAINT person_pkey PRIMARY KEY (person_id);
ALTER TABLE ONLY plant.quarantine
    ADD CONSTRAINT quarantine_pkey PRIMARY KEY (quarantine_id);
ALTER TABLE ONLY plant.rollup_1m
    ADD CONSTRAINT rollup_1m_pkey PRIMARY KEY (tag_id, minute);
ALTER TABLE ONLY plant.session
    ADD CONSTRAINT session_pkey PRIMARY KEY (session_id);
ALTER TABLE ONLY plant.session
    ADD CONSTRAINT session_token_hash_key UNIQUE (token_hash);
ALTER TABLE ONLY plant.sign_in_try
    ADD CONSTRAINT sign_in_try_pkey PRIMARY KEY (subject);
ALTER TABLE ONLY plant.station
    ADD CONSTRAINT station_credential_hash_key UNIQUE (credential_hash);
ALTER TABLE ONLY plant.station
    ADD CONSTRAINT station_name_key UNIQUE (name);
ALTER TABLE ONLY plant.station
    ADD CONSTRAINT station_pkey PRIMARY KEY (station_id);
ALTER TABLE ONLY plant.tag
    ADD CONSTRAINT tag_device_id_name_key UNIQUE (device_id, name);
ALTER TABLE ONLY plant.tag
    ADD CONSTRAINT tag_pkey PRIMARY KEY (tag_id);
ALTER TABLE ONLY plant.tag_proposal
    ADD CONSTRAINT tag_proposal_pkey PRIMARY KEY (proposal_id);
ALTER TABLE ONLY plant.unsealed
    ADD CONSTRAINT unsealed_pkey PRIMARY KEY (recorded_time, event_id);
CREATE UNIQUE INDEX alarm_open ON plant.alarm USING btree (kind, subject) WHERE (cleared_time IS NULL);
CREATE INDEX commit_log_stored ON plant.commit_log USING brin (stored_time);
CREATE INDEX device_contact_ts ON plant.device_contact USING btree (device_id, ts);
CREATE INDEX event_of_work_order ON plant.event USING btree (work_order_id, recorded_time) WHERE (work_order_id IS NOT NULL);
CREATE INDEX machine_state_interval_from ON plant.machine_state_interval USING btree (device_id, from_ts);
CREATE INDEX odometer_case_tag ON plant.odometer_case USING btree (tag_id, from_ts);
CREATE INDEX odometer_log_tag_ts ON plant.odometer_log USING btree (tag_id, ts);
CREATE INDEX outbox_due ON plant.outbox USING btree (not_before, outbox_id);
CREATE INDEX sample_tag_ts ON ONLY plant.sample USING btree (tag_id, ts);
CREATE INDEX session_of_person ON plant.session USING btree (person_id) WHERE (ended_time IS NULL);
CREATE UNIQUE INDEX tag_proposal_open ON plant.tag_proposal USING btree (tag_id) WHERE (state = 'open'::text);
CREATE INDEX text_sample_tag_ts ON ONLY plant.text_sample USING btree (tag_id, ts);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON plant.anchor FOR EACH ROW EXECUTE FUNCTION plant.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON plant.event FOR EACH ROW WHEN ((old.status IS NOT NULL)) EXECUTE FUNCTION plant.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON plant.event_chain FOR EACH ROW EXECUTE FUNCTION plant.refuse_change();
CREATE TRIGGER mark_contact_dirty AFTER INSERT ON plant.device_contact FOR EACH ROW EXECUTE FUNCTION plant.mark_contact_dirty();
CREATE TRIGGER mark_gap_dirty AFTER INSERT ON plant.gap FOR EACH ROW WHEN ((new.from_ts IS NOT NULL)) EXECUTE FUNCTION plant.mark_gap_dirty();
ALTER TABLE ONLY plant.commit_log
    ADD CONSTRAINT commit_log_edge_id_fkey FOREIGN KEY (edge_id) REFERENCES plant.edge(edge_id);
ALTER TABLE ONLY plant.device_contact
    ADD CONSTRAINT device_contact_device_id_fkey FOREIGN KEY (device_id) REFERENCES plant.device(device_id);
ALTER TABLE ONLY plant.device
    ADD CONSTRAINT device_edge_id_fkey FOREIGN KEY (edge_id) REFERENCES plant.edge(edge_id);
ALTER TABLE ONLY plant.edge_cursor
    ADD CONSTRAINT edge_cursor_edge_id_fkey FOREIGN KEY (edge_id) REFERENCES plant.edge(edge_id);
ALTER TABLE ONLY plant.equipment_proposal
    ADD CONSTRAINT equipment_proposal_device_id_fkey FOREIGN KEY (device_id) REFERENCES plant.device(device_id);
ALTER TABLE ONLY plant.equipment_proposal
    ADD CONSTRAINT equipment_proposal_equipment_id_fkey FOREIGN KEY (equipment_id) REFERENCES plant.equipment(equipment_id);
ALTER TABLE ONLY plant.event_chain
    ADD CONSTRAINT event_chain_event_id_fkey FOREIGN KEY (event_id) REFERENCES plant.event(event_id);
ALTER TABLE ONLY plant.gap
    ADD CONSTRAINT gap_edge_id_fkey FOREIGN KEY (edge_id) REFERENCES plant.edge(edge_id);
ALTER TABLE ONLY plant.last_value
    ADD CONSTRAINT last_value_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES plant.tag(tag_id);
ALTER TABLE ONLY plant.machine_state_interval
    ADD CONSTRAINT machine_state_interval_device_id_fkey FOREIGN KEY (device_id) REFERENCES plant.device(device_id);
ALTER TABLE ONLY plant.odometer_case
    ADD CONSTRAINT odometer_case_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES plant.tag(tag_id);
ALTER TABLE ONLY plant.odometer
    ADD CONSTRAINT odometer_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES plant.tag(tag_id);
ALTER TABLE ONLY plant.quarantine
    ADD CONSTRAINT quarantine_edge_id_fkey FOREIGN KEY (edge_id) REFERENCES plant.edge(edge_id);
ALTER TABLE ONLY plant.sample_quarantine
    ADD CONSTRAINT sample_quarantine_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES plant.tag(tag_id);
ALTER TABLE ONLY plant.session
    ADD CONSTRAINT session_person_id_fkey FOREIGN KEY (person_id) REFERENCES plant.person(person_id);
ALTER TABLE ONLY plant.session
    ADD CONSTRAINT session_station_id_fkey FOREIGN KEY (station_id) REFERENCES plant.station(station_id);
ALTER TABLE ONLY plant.station
    ADD CONSTRAINT station_equipment_id_fkey FOREIGN KEY (equipment_id) REFERENCES plant.equipment(equipment_id);
ALTER TABLE ONLY plant.tag
    ADD CONSTRAINT tag_device_id_fkey FOREIGN KEY (device_id) REFERENCES plant.device(device_id);
ALTER TABLE ONLY plant.tag_proposal
    ADD CONSTRAINT tag_proposal_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES plant.tag(tag_id);
GRANT USAGE ON SCHEMA bi TO lineside_bi;
GRANT USAGE ON SCHEMA plant TO lineside_bridge;
REVOKE USAGE ON SCHEMA public FROM PUBLIC;
GRANT SELECT ON TABLE bi.tag_minute TO lineside_bi;
GRANT SELECT,DELETE ON TABLE plant.outbox TO lineside_bridge;
