-- What is made, of what, how, and the words for why not: items, BOMs, change orders, drawings, routings, reasons. All of
-- it comes from outside (PLM, ERP) or from a planner, by external id and revision; nothing unknown is ever made up.
SET ROLE lineside_plant;

-- Which revision of a document of another system we hold. Its row lock makes upserts of one document follow one another.
CREATE TABLE plant.external_document (
    kind          text NOT NULL,         -- item, bom, change_order, drawing, routing, reason, work_order
    system        text NOT NULL,         -- erp, plm, plant …
    external_id   text NOT NULL,
    revision      bigint NOT NULL,       -- the other system's count of changes; an older one never overwrites a newer
    content_hash  bytea NOT NULL CHECK (length(content_hash) = 32),
    row_id        bigint NOT NULL,       -- of the table that `kind` names; 0 until it is written, in its transaction
    changed_time  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, system, external_id)
);

CREATE TABLE plant.item (
    item_id       integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code          text NOT NULL UNIQUE,
    name_en       text NOT NULL,
    name_zh       text NOT NULL,
    unit          text NOT NULL,         -- UN/CEFACT code of the base unit
    scale         smallint NOT NULL DEFAULT 0 CHECK (scale BETWEEN 0 AND 9),  -- decimals of a quantity in `unit`
    setup_parts   text NOT NULL DEFAULT 'scrap' CHECK (setup_parts IN ('scrap', 'not_counted', 'good')),
    is_lot_tracked boolean NOT NULL DEFAULT true
);

-- `amount` of `unit` is `equals_amount` of `equals_unit`: the factor is a rational number, exact.
CREATE TABLE plant.item_unit (
    item_id       integer NOT NULL REFERENCES plant.item,
    unit          text NOT NULL,
    amount        numeric NOT NULL CHECK (amount > 0),
    equals_unit   text NOT NULL,
    equals_amount numeric NOT NULL CHECK (equals_amount > 0),
    PRIMARY KEY (item_id, unit, equals_unit)
);

CREATE TABLE plant.item_revision (
    item_id       integer NOT NULL REFERENCES plant.item,
    revision      text NOT NULL,
    released_time timestamptz,           -- null: known, but not released
    withdrawn_time timestamptz,
    PRIMARY KEY (item_id, revision)
);

CREATE TABLE plant.bom (
    bom_id        integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id       integer NOT NULL,
    revision      text NOT NULL,
    unit          text NOT NULL,
    base_quantity numeric NOT NULL CHECK (base_quantity > 0),
    UNIQUE (item_id, revision),
    FOREIGN KEY (item_id, revision) REFERENCES plant.item_revision
);

CREATE TABLE plant.bom_component (
    bom_id        integer NOT NULL REFERENCES plant.bom,
    position      text NOT NULL,
    item_id       integer NOT NULL REFERENCES plant.item,
    quantity_per  numeric NOT NULL CHECK (quantity_per > 0),  -- for base_quantity of the product
    unit          text NOT NULL,
    scrap_factor  numeric NOT NULL DEFAULT 0 CHECK (scrap_factor >= 0),
    revision      text,                  -- drawn with this one; null: with any that is allowed
    scrap_policy  text NOT NULL DEFAULT 'good_and_scrap' CHECK (scrap_policy IN ('good_and_scrap', 'good_only')),
    issuing       text NOT NULL DEFAULT 'backflush' CHECK (issuing IN ('backflush', 'explicit')),
    PRIMARY KEY (bom_id, position)
);
CREATE INDEX bom_component_item ON plant.bom_component (item_id);

-- Effectivity: domain/change_order.py. `date` uses from_time, `order` uses orders and from_serial.
CREATE TABLE plant.change_order (
    change_order_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number        text NOT NULL UNIQUE,
    item_id       integer NOT NULL REFERENCES plant.item,
    old_revision  text NOT NULL,
    new_revision  text NOT NULL CHECK (new_revision <> old_revision),
    effectivity   text NOT NULL CHECK (effectivity IN ('date', 'order', 'used_up')),
    from_time     timestamptz CHECK ((effectivity = 'date') = (from_time IS NOT NULL)),
    orders        text[] NOT NULL DEFAULT '{}',
    from_serial   bigint,
    disposition   text NOT NULL CHECK (disposition IN ('use_up', 'scrap', 'rework', 'hold')),
    released_time timestamptz,           -- null: not released, it changes nothing
    used_up_time  timestamptz,
    FOREIGN KEY (item_id, old_revision) REFERENCES plant.item_revision,
    FOREIGN KEY (item_id, new_revision) REFERENCES plant.item_revision
);
CREATE INDEX change_order_item ON plant.change_order (item_id);

CREATE TABLE plant.drawing (
    drawing_id    integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id       integer NOT NULL,
    revision      text NOT NULL,
    name          text NOT NULL,
    media_type    text NOT NULL,
    sha256        bytea NOT NULL CHECK (length(sha256) = 32),
    content       bytea NOT NULL,
    UNIQUE (item_id, revision, name),
    FOREIGN KEY (item_id, revision) REFERENCES plant.item_revision
);
ALTER TABLE plant.drawing ALTER COLUMN content SET STORAGE EXTERNAL;  -- Compressed already.

CREATE TABLE plant.routing (
    routing_id    integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id       integer NOT NULL REFERENCES plant.item,
    revision      text NOT NULL,
    released_time timestamptz,
    UNIQUE (item_id, revision)
);

CREATE TABLE plant.routing_operation (
    routing_id    integer NOT NULL REFERENCES plant.routing,
    position      integer NOT NULL CHECK (position > 0),
    name_en       text NOT NULL,
    name_zh       text NOT NULL,
    work_center   text NOT NULL,         -- EquipmentPath; any station at or below it
    setup_s       numeric NOT NULL DEFAULT 0 CHECK (setup_s >= 0),
    cycle_time_s  numeric NOT NULL DEFAULT 0 CHECK (cycle_time_s >= 0),  -- planned run time per item (PRI)
    transfer_quantity numeric CHECK (transfer_quantity > 0),
    is_optional   boolean NOT NULL DEFAULT false,
    count_source  text NOT NULL DEFAULT 'machine' CHECK (count_source IN ('machine', 'operator', 'both')),
    cavities      integer NOT NULL DEFAULT 1 CHECK (cavities > 0),  -- of the tool, where the counter shows cycles
    PRIMARY KEY (routing_id, position, name_en)
);

CREATE TABLE plant.reason (
    reason_id     integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind          text NOT NULL CHECK (kind IN ('scrap', 'stop', 'rework', 'adjustment')),
    code          text NOT NULL,
    parent_id     integer REFERENCES plant.reason,
    name_en       text NOT NULL,
    name_zh       text NOT NULL,
    equipment     text[] NOT NULL DEFAULT '{}',  -- EquipmentPaths below which it can be chosen; none: wherever its parent can
    stop_time     text CHECK (stop_time IN ('unplanned', 'planned', 'setup', 'blocked')),  -- of stops; null: as its parent
    is_active     boolean NOT NULL DEFAULT true,  -- false: kept for what was booked with it, no longer offered
    UNIQUE (kind, code)
);
-- Two that the plant itself gives: what a reject counter showed and nobody named, and parts of a set-up.
INSERT INTO plant.reason (kind, code, name_en, name_zh)
VALUES ('scrap', 'machine_reject', 'Rejected by the machine', '机器剔除'),
       ('scrap', 'setup', 'Made during set-up', '调试件');
RESET ROLE;
