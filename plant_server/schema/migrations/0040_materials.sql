-- Material on the floor: what lies where, where it went, what was consumed, and why that was allowed.
-- A lot's row is the lock of all its stock: whoever moves any of it holds that row, taken after the row of the work order
-- and in the order of lot ids.
SET ROLE lineside_plant;

CREATE TABLE plant.material_lot (
    lot_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id       integer NOT NULL REFERENCES plant.item,
    lot           text NOT NULL CHECK (lot <> ''),  -- as its label says
    revision      text,
    unit          text NOT NULL,         -- the item's stock unit when it was received
    supplier_lot  text,
    reserved_for  bigint REFERENCES plant.work_order,  -- the only order that may take it
    received_time timestamptz NOT NULL,
    expiry_time   timestamptz,           -- from then on it is expired
    UNIQUE (item_id, lot)
);
CREATE INDEX material_lot_code ON plant.material_lot (lot);
CREATE INDEX material_lot_supplier ON plant.material_lot (supplier_lot) WHERE supplier_lot IS NOT NULL;

CREATE TABLE plant.lot_stock (
    lot_id        bigint NOT NULL REFERENCES plant.material_lot,
    location      text NOT NULL CHECK (location <> ''),  -- an EquipmentPath or the name of a store
    quantity      numeric NOT NULL CHECK (quantity >= 0),
    PRIMARY KEY (lot_id, location)
) WITH (fillfactor = 50);
CREATE INDEX lot_stock_at ON plant.lot_stock (location) WHERE quantity > 0;

CREATE TABLE plant.lot_hold (
    lot_id        bigint NOT NULL REFERENCES plant.material_lot,
    reference     text NOT NULL CHECK (reference <> ''),  -- of a quality case or a change order
    note          text,
    placed_event  uuid NOT NULL,
    placed_time   timestamptz NOT NULL DEFAULT now(),
    lifted_event  uuid,
    lifted_time   timestamptz
);
CREATE UNIQUE INDEX lot_hold_open ON plant.lot_hold (lot_id, reference) WHERE lifted_time IS NULL;

-- What parts that were made consumed, per component, or what a person consumed by scan. `shortage` is what the lots at
-- the station could not give: it stays open until a person names the lot it came from.
CREATE TABLE plant.consumption (
    consumption_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id      uuid NOT NULL,         -- the report, or the scan
    work_order_id bigint NOT NULL REFERENCES plant.work_order,
    run_id        bigint REFERENCES plant.run,
    operation     integer,               -- position
    location      text NOT NULL,
    bom_revision  text NOT NULL,
    position      text,                  -- in the BOM; null: by scan
    item_id       integer NOT NULL REFERENCES plant.item,
    unit          text NOT NULL,
    required      numeric NOT NULL CHECK (required >= 0),
    shortage      numeric NOT NULL DEFAULT 0 CHECK (shortage BETWEEN 0 AND required),
    residual_step text NOT NULL DEFAULT '0',  -- what it added to backflush_residual; a reversal takes it back
    refused       jsonb NOT NULL DEFAULT '[]',  -- lots that lay there and must not be used
    event_time    timestamptz NOT NULL,
    reversed_by   uuid                   -- the event that took it back as a whole
);
CREATE INDEX consumption_event ON plant.consumption (event_id);
CREATE INDEX consumption_order ON plant.consumption (work_order_id, consumption_id);
CREATE INDEX consumption_short ON plant.consumption (consumption_id) WHERE shortage > 0 AND reversed_by IS NULL;

-- Every move of every lot: genealogy, and the proof of lot_stock.
CREATE TABLE plant.lot_move (
    move_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id      uuid NOT NULL,
    lot_id        bigint NOT NULL REFERENCES plant.material_lot,
    kind          text NOT NULL CHECK (kind IN ('receive', 'issue', 'return', 'adjust', 'consume', 'reverse')),
    from_location text,                  -- null: came from outside the books
    to_location   text,                  -- null: went out of the books
    quantity      numeric NOT NULL CHECK (quantity > 0),
    work_order_id bigint REFERENCES plant.work_order,
    consumption_id bigint REFERENCES plant.consumption,
    waiver_id     bigint,
    reason        text,
    event_time    timestamptz NOT NULL,
    recorded_time timestamptz NOT NULL DEFAULT now(),
    CHECK (from_location IS NOT NULL OR to_location IS NOT NULL)
);
CREATE INDEX lot_move_lot ON plant.lot_move (lot_id, move_id);
CREATE INDEX lot_move_consumption ON plant.lot_move (consumption_id) WHERE consumption_id IS NOT NULL;
CREATE INDEX lot_move_order ON plant.lot_move (work_order_id, move_id) WHERE work_order_id IS NOT NULL;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON plant.lot_move
    FOR EACH ROW EXECUTE FUNCTION plant.refuse_change();

-- What backflush owes below the last decimal of the stock unit, as "numerator/denominator".
CREATE TABLE plant.backflush_residual (
    work_order_id bigint NOT NULL REFERENCES plant.work_order,
    bom_revision  text NOT NULL,
    position      text NOT NULL,
    residual      text NOT NULL,
    PRIMARY KEY (work_order_id, bom_revision, position)
) WITH (fillfactor = 50);

-- One lot (null: the order's own BOM) for one order in spite of what the interlock says, until it expires.
CREATE TABLE plant.waiver (
    waiver_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    work_order_id bigint NOT NULL REFERENCES plant.work_order,
    item_id       integer NOT NULL REFERENCES plant.item,
    lot_id        bigint REFERENCES plant.material_lot,
    reasons       text[] NOT NULL CHECK (cardinality(reasons) > 0),
    changes       text[] NOT NULL,       -- numbers of the change orders it speaks of; a later one asks again
    holds         text[] NOT NULL,       -- references of the lot's holds that it lifts
    note          text NOT NULL CHECK (note <> ''),
    state         text NOT NULL DEFAULT 'requested' CHECK (state IN ('requested', 'granted', 'refused', 'revoked')),
    requested_by  integer NOT NULL REFERENCES plant.person,
    requested_time timestamptz NOT NULL DEFAULT now(),
    granted_by    integer REFERENCES plant.person,
    granted_role  text,
    granted_time  timestamptz,
    expiry_time   timestamptz,
    ended_by      text,                  -- the actor who refused or revoked it
    CHECK (granted_by <> requested_by),
    CHECK (state NOT IN ('granted', 'revoked') OR (granted_by IS NOT NULL AND granted_role IS NOT NULL
           AND expiry_time > granted_time))
);
CREATE INDEX waiver_of_order ON plant.waiver (work_order_id) WHERE state = 'granted';
RESET ROLE;
