-- Work orders and their operations. Totals move by `x = x + …` under the order's row lock; `version` counts its changes,
-- so that a state can be rebuilt from Events whatever the order in which they are read.
SET ROLE lineside_plant;

CREATE TABLE plant.work_order (
    work_order_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number        text NOT NULL UNIQUE,
    source        text NOT NULL CHECK (source IN ('erp', 'plant')),
    item_id       integer NOT NULL REFERENCES plant.item,
    quantity      numeric NOT NULL CHECK (quantity > 0),  -- in the base unit of the item, as is all that is counted
    unit          text NOT NULL,
    ordered_quantity numeric NOT NULL,   -- as the ERP wrote it
    ordered_unit  text NOT NULL,
    due_time      timestamptz,
    priority      smallint NOT NULL DEFAULT 5 CHECK (priority BETWEEN 1 AND 9),  -- 1 goes first
    work_center   text,                  -- for an item without a routing: where its one operation is
    requirement   text,                  -- what it is made for: the customer's order or need
    wanted_revision text,                -- the ERP names the revision; null: the one that is allowed at release
    state         text NOT NULL DEFAULT 'planned' CHECK (state IN ('planned', 'released', 'running', 'paused', 'held',
                      'completed', 'closed', 'cancelled', 'aborted')),
    has_started   boolean NOT NULL DEFAULT false,
    version       integer NOT NULL DEFAULT 1,
    item_revision text,                  -- pinned at release, as are:
    bom_id        integer REFERENCES plant.bom,
    routing_id    integer REFERENCES plant.routing,
    made          numeric NOT NULL DEFAULT 0,  -- by the last operation, as machines counted it
    good          numeric NOT NULL DEFAULT 0,  -- by the last operation
    scrap         numeric NOT NULL DEFAULT 0,  -- by all operations
    rework        numeric NOT NULL DEFAULT 0,
    created_time  timestamptz NOT NULL DEFAULT now(),
    released_time timestamptz,
    started_time  timestamptz,
    ended_time    timestamptz            -- completed, cancelled or aborted
) WITH (fillfactor = 50);
CREATE INDEX work_order_open ON plant.work_order (priority, due_time)
    WHERE state NOT IN ('closed', 'cancelled', 'aborted');
CREATE INDEX work_order_bom ON plant.work_order (bom_id);
CREATE INDEX work_order_item ON plant.work_order (item_id);

CREATE TABLE plant.work_order_hold (
    work_order_id bigint NOT NULL REFERENCES plant.work_order,
    reason        text NOT NULL CHECK (reason IN ('quality', 'change', 'material', 'machine')),
    reference     text NOT NULL DEFAULT '',  -- number of the change order, the quality case …
    set_by        text NOT NULL,
    set_time      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (work_order_id, reason, reference)
);

CREATE TABLE plant.operation (
    operation_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    work_order_id bigint NOT NULL REFERENCES plant.work_order,
    position      integer NOT NULL,
    name_en       text NOT NULL,
    name_zh       text NOT NULL,
    work_center   text,                  -- null: any station
    setup_s       numeric NOT NULL DEFAULT 0,
    cycle_time_s  numeric NOT NULL DEFAULT 0,
    transfer_quantity numeric,
    is_optional   boolean NOT NULL DEFAULT false,
    is_last       boolean NOT NULL DEFAULT false,  -- what it makes is what the order makes
    count_source  text NOT NULL DEFAULT 'machine',
    cavities      integer NOT NULL DEFAULT 1,
    state         text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'ready', 'running', 'paused', 'completed',
                      'skipped')),
    made          numeric NOT NULL DEFAULT 0,
    good          numeric NOT NULL DEFAULT 0,
    scrap         numeric NOT NULL DEFAULT 0,
    rework        numeric NOT NULL DEFAULT 0,
    UNIQUE (work_order_id, position, name_en)
) WITH (fillfactor = 50);
RESET ROLE;
