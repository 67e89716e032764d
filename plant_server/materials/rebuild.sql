-- stop_writers --
-- In the order in which commands take them: the order's row, then lots.
LOCK TABLE plant.work_order, plant.material_lot, plant.lot_hold, plant.consumption, plant.lot_stock, plant.lot_move,
           plant.backflush_residual IN EXCLUSIVE MODE;

-- told_lots --
CREATE TEMPORARY TABLE told_lot ON COMMIT DROP AS
SELECT DISTINCT ON (lot_id) lot.*
FROM plant.event, jsonb_populate_recordset(NULL::plant.material_lot, facts -> 'lots') AS lot
WHERE NOT event.refused AND facts ? 'lots'
ORDER BY lot_id, event.recorded_time;

-- told_consumptions --
-- What was short is what was short first, less what people settled; it was taken back by the Event that says so.
CREATE TEMPORARY TABLE told_consumption ON COMMIT DROP AS
WITH told AS (
    SELECT one.*
    FROM plant.event, jsonb_populate_recordset(NULL::plant.consumption, facts -> 'consumptions') AS one
    WHERE NOT event.refused AND facts ? 'consumptions'
), settled AS (
    SELECT consumption_id, sum(quantity) AS quantity
    FROM plant.event, jsonb_to_recordset(facts -> 'shortages_settled') AS one (consumption_id bigint, quantity numeric)
    WHERE NOT event.refused AND facts ? 'shortages_settled' GROUP BY consumption_id
), taken_back AS (
    SELECT one.consumption_id, one.event_id
    FROM plant.event, jsonb_to_recordset(facts -> 'consumptions_reversed') AS one (consumption_id bigint, event_id uuid)
    WHERE NOT event.refused AND facts ? 'consumptions_reversed'
)
SELECT consumption_id, told.event_id, work_order_id, run_id, operation, location, bom_revision, position, item_id, unit,
       required, shortage - coalesce(settled.quantity, 0) AS shortage, residual_step, told.refused, event_time,
       coalesce(taken_back.event_id, told.reversed_by) AS reversed_by
FROM told LEFT JOIN settled USING (consumption_id) LEFT JOIN taken_back USING (consumption_id);

-- told_moves --
-- `copy` tells moves of one Event that are alike from one another. Moves of Events that did not yet keep all of it stand
-- in the one that began the book (migration 0066), with the ids and times of their own.
CREATE TEMPORARY TABLE told_move ON COMMIT DROP AS
SELECT coalesce(one.event_id, event.event_id) AS event_id, lot_id, one.kind, one."from" AS from_location,
       one."to" AS to_location, quantity, one.work_order_id, consumption_id, waiver_id, reason,
       coalesce(one.event_time, event.event_time) AS event_time,
       coalesce(one.recorded_time, event.recorded_time) AS recorded_time,
       row_number() OVER (PARTITION BY coalesce(one.event_id, event.event_id), lot_id, one.kind, one."from", one."to",
                          quantity, one.work_order_id, consumption_id, waiver_id, reason) AS copy
FROM plant.event,
     jsonb_array_elements(facts -> 'lot_moves') AS fact,
     jsonb_to_record(fact) AS one (event_id uuid, lot_id bigint, kind text, "from" text, "to" text, quantity numeric,
                                   work_order_id bigint, consumption_id bigint, waiver_id bigint, reason text,
                                   event_time timestamptz, recorded_time timestamptz)
WHERE NOT event.refused AND facts ? 'lot_moves' AND fact ? 'work_order_id';

-- standing_moves --
CREATE TEMPORARY TABLE standing_move ON COMMIT DROP AS
SELECT *, row_number() OVER (PARTITION BY event_id, lot_id, kind, from_location, to_location, quantity, work_order_id,
                             consumption_id, waiver_id, reason ORDER BY move_id) AS copy
FROM plant.lot_move;

-- let_moves_be_mended --
-- The table refuses every change of a row; its owner may say that this is the mending of one.
ALTER TABLE plant.lot_move DISABLE TRIGGER append_only;

-- take_out_moves --
DELETE FROM plant.lot_move USING standing_move AS standing
WHERE lot_move.move_id = standing.move_id
  AND NOT EXISTS (SELECT FROM told_move AS told
                  WHERE (told.event_id, told.lot_id, told.kind, told.quantity, told.event_time, told.recorded_time, told.copy)
                      = (standing.event_id, standing.lot_id, standing.kind, standing.quantity, standing.event_time,
                         standing.recorded_time, standing.copy)
                    AND (told.from_location, told.to_location, told.work_order_id, told.consumption_id, told.waiver_id, told.reason)
                        IS NOT DISTINCT FROM
                        (standing.from_location, standing.to_location, standing.work_order_id, standing.consumption_id,
                         standing.waiver_id, standing.reason));

-- put_in_moves --
INSERT INTO plant.lot_move (event_id, lot_id, kind, from_location, to_location, quantity, work_order_id, consumption_id,
                            waiver_id, reason, event_time, recorded_time)
SELECT event_id, lot_id, kind, from_location, to_location, quantity, work_order_id, consumption_id, waiver_id, reason,
       event_time, recorded_time
FROM told_move AS told
WHERE NOT EXISTS (SELECT FROM standing_move AS standing JOIN plant.lot_move USING (move_id)
                  WHERE (told.event_id, told.lot_id, told.kind, told.quantity, told.event_time, told.recorded_time, told.copy)
                      = (standing.event_id, standing.lot_id, standing.kind, standing.quantity, standing.event_time,
                         standing.recorded_time, standing.copy)
                    AND (told.from_location, told.to_location, told.work_order_id, told.consumption_id, told.waiver_id, told.reason)
                        IS NOT DISTINCT FROM
                        (standing.from_location, standing.to_location, standing.work_order_id, standing.consumption_id,
                         standing.waiver_id, standing.reason))
ORDER BY recorded_time, event_id;

-- keep_moves --
ALTER TABLE plant.lot_move ENABLE TRIGGER append_only;

-- forget --
WITH stock AS (DELETE FROM plant.lot_stock), holds AS (DELETE FROM plant.lot_hold)
DELETE FROM plant.backflush_residual;

-- make_lots --
INSERT INTO plant.material_lot OVERRIDING SYSTEM VALUE SELECT * FROM told_lot
ON CONFLICT (lot_id) DO UPDATE
SET item_id = excluded.item_id, lot = excluded.lot, revision = excluded.revision, unit = excluded.unit,
    supplier_lot = excluded.supplier_lot, reserved_for = excluded.reserved_for,
    received_time = excluded.received_time, expiry_time = excluded.expiry_time;

-- make_consumptions --
INSERT INTO plant.consumption OVERRIDING SYSTEM VALUE SELECT * FROM told_consumption
ON CONFLICT (consumption_id) DO UPDATE
SET event_id = excluded.event_id, work_order_id = excluded.work_order_id, run_id = excluded.run_id,
    operation = excluded.operation, location = excluded.location, bom_revision = excluded.bom_revision,
    position = excluded.position, item_id = excluded.item_id, unit = excluded.unit, required = excluded.required,
    shortage = excluded.shortage, residual_step = excluded.residual_step, refused = excluded.refused,
    event_time = excluded.event_time, reversed_by = excluded.reversed_by;

-- drop_consumptions --
DELETE FROM plant.consumption WHERE consumption_id NOT IN (SELECT consumption_id FROM told_consumption);

-- drop_lots --
-- One that a waiver names cannot go: it stays, with nothing in it.
DELETE FROM plant.material_lot
WHERE lot_id NOT IN (SELECT lot_id FROM told_lot)
  AND NOT EXISTS (SELECT FROM plant.waiver WHERE waiver.lot_id = material_lot.lot_id);

-- make_stock --
INSERT INTO plant.lot_stock (lot_id, location, quantity)
SELECT lot_id, location, sum(step) FROM (
    SELECT lot_id, from_location AS location, -quantity AS step FROM told_move WHERE from_location IS NOT NULL
    UNION ALL
    SELECT lot_id, to_location, quantity FROM told_move WHERE to_location IS NOT NULL
) AS moved
GROUP BY lot_id, location;

-- make_holds --
WITH placed AS (
    SELECT lot_id, reference, note, coalesce(one.event_id, event.event_id) AS placed_event,
           coalesce(one.placed_time, event.recorded_time) AS placed_time
    FROM plant.event, jsonb_to_recordset(facts -> 'holds_placed')
         AS one (lot_id bigint, reference text, note text, event_id uuid, placed_time timestamptz)
    WHERE NOT event.refused AND facts ? 'holds_placed'
), lifted AS (
    SELECT lot_id, reference, placed_event, coalesce(one.event_id, event.event_id) AS lifted_event,
           coalesce(one.lifted_time, event.recorded_time) AS lifted_time
    FROM plant.event, jsonb_to_recordset(facts -> 'holds_lifted')
         AS one (lot_id bigint, reference text, placed_event uuid, event_id uuid, lifted_time timestamptz)
    WHERE NOT event.refused AND facts ? 'holds_lifted'
)
INSERT INTO plant.lot_hold (lot_id, reference, note, placed_event, placed_time, lifted_event, lifted_time)
SELECT lot_id, reference, note, placed_event, placed_time, lifted_event, lifted_time
FROM placed LEFT JOIN lifted USING (lot_id, reference, placed_event);

-- residual_steps --
SELECT work_order_id, bom_revision, position, array_agg(residual_step) FILTER (WHERE reversed_by IS NULL) AS steps
FROM told_consumption WHERE position IS NOT NULL
GROUP BY work_order_id, bom_revision, position;
