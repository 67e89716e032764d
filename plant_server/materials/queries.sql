-- lock_lots --
-- In the order of their ids, so that two who want the same lots wait for one another and never deadlock.
SELECT lot_id FROM plant.material_lot WHERE lot_id = ANY (%(lot_ids)s) ORDER BY lot_id FOR NO KEY UPDATE;

-- lots --
-- As the domain knows them. Read in a later statement than the lock: a lot may have been moved while it was waited for.
SELECT lot_id, material_lot.item_id, item.code AS item, item.scale, lot, revision, material_lot.unit, supplier_lot, received_time,
       expiry_time, reserved.number AS reserved_for,
       ARRAY(SELECT reference FROM plant.lot_hold WHERE lot_hold.lot_id = material_lot.lot_id AND lifted_time IS NULL
             ORDER BY reference) AS holds,
       ARRAY(SELECT location FROM plant.lot_stock WHERE lot_stock.lot_id = material_lot.lot_id AND quantity > 0
             ORDER BY location) AS locations,
       ARRAY(SELECT quantity FROM plant.lot_stock WHERE lot_stock.lot_id = material_lot.lot_id AND quantity > 0
             ORDER BY location) AS quantities
FROM plant.material_lot
JOIN plant.item ON item.item_id = material_lot.item_id
LEFT JOIN plant.work_order AS reserved ON reserved.work_order_id = material_lot.reserved_for
WHERE lot_id = ANY (%(lot_ids)s)
ORDER BY lot_id;

-- lot_page --
SELECT lot_id FROM plant.material_lot JOIN plant.item USING (item_id)
WHERE lot_id > %(after)s
  AND (%(item)s::text IS NULL OR item.code = %(item)s)
  AND (%(lot)s::text IS NULL OR lot = %(lot)s)
  AND (%(location)s::text IS NULL OR EXISTS (
       SELECT FROM plant.lot_stock
       WHERE lot_stock.lot_id = material_lot.lot_id AND location = %(location)s AND quantity > 0))
ORDER BY lot_id LIMIT %(limit)s;

-- lots_by_code --
-- What a scanner may have read: our label, else the supplier's.
SELECT lot_id, lot = %(code)s AS is_ours FROM plant.material_lot
WHERE lot = %(code)s OR supplier_lot = %(code)s
ORDER BY lot <> %(code)s, lot_id LIMIT 20;

-- lots_at --
SELECT lot_id FROM plant.lot_stock JOIN plant.material_lot USING (lot_id)
WHERE location = %(location)s AND quantity > 0 AND item_id = ANY (%(item_ids)s);

-- add_lot --
INSERT INTO plant.material_lot (item_id, lot, revision, unit, supplier_lot, reserved_for, received_time, expiry_time)
VALUES (%(item_id)s, %(lot)s, %(revision)s, %(unit)s, %(supplier_lot)s, %(reserved_for)s, %(received_time)s,
        %(expiry_time)s)
ON CONFLICT (item_id, lot) DO NOTHING
RETURNING lot_id;

-- lot_of_item --
SELECT lot_id FROM plant.material_lot WHERE item_id = %(item_id)s AND lot = %(lot)s;

-- take_stock --
UPDATE plant.lot_stock SET quantity = quantity - %(quantity)s WHERE lot_id = %(lot_id)s AND location = %(location)s;

-- add_stock --
INSERT INTO plant.lot_stock AS stock (lot_id, location, quantity) VALUES (%(lot_id)s, %(location)s, %(quantity)s)
ON CONFLICT (lot_id, location) DO UPDATE SET quantity = stock.quantity + excluded.quantity;

-- add_move --
INSERT INTO plant.lot_move (event_id, lot_id, kind, from_location, to_location, quantity, work_order_id,
                            consumption_id, waiver_id, reason, event_time)
VALUES (%(event_id)s, %(lot_id)s, %(kind)s, %(from_location)s, %(to_location)s, %(quantity)s, %(work_order_id)s,
        %(consumption_id)s, %(waiver_id)s, %(reason)s, %(event_time)s);

-- moves --
SELECT move_id, lot_move.kind, from_location, to_location, lot_move.quantity, work_order.number AS "order", consumption_id,
       waiver_id, reason, lot_move.event_time, lot_move.event_id, event.actor
FROM plant.lot_move
LEFT JOIN plant.work_order USING (work_order_id)
LEFT JOIN plant.event USING (event_id)
WHERE lot_id = %(lot_id)s AND move_id > %(after)s
ORDER BY move_id LIMIT %(limit)s;

-- place_hold --
INSERT INTO plant.lot_hold (lot_id, reference, note, placed_event)
VALUES (%(lot_id)s, %(reference)s, %(note)s, %(event_id)s)
ON CONFLICT (lot_id, reference) WHERE lifted_time IS NULL DO NOTHING
RETURNING lot_id;

-- lift_hold --
UPDATE plant.lot_hold SET lifted_event = %(event_id)s, lifted_time = now()
WHERE lot_id = %(lot_id)s AND reference = %(reference)s AND lifted_time IS NULL
RETURNING lot_id, reference, placed_event;

-- add_consumption --
INSERT INTO plant.consumption (event_id, work_order_id, run_id, operation, location, bom_revision, position, item_id,
                               unit, required, shortage, residual_step, refused, event_time)
VALUES (%(event_id)s, %(work_order_id)s, %(run_id)s, %(operation)s, %(location)s, %(bom_revision)s, %(position)s,
        %(item_id)s, %(unit)s, %(required)s, %(shortage)s, %(residual_step)s, %(refused)s::jsonb, %(event_time)s)
RETURNING consumption_id;

-- lock_consumption --
SELECT consumption_id, consumption.work_order_id, work_order.number AS "order", run_id, operation, location,
       bom_revision, consumption.item_id, item.code AS item, consumption.unit, required, shortage, consumption.event_time
FROM plant.consumption
JOIN plant.item ON item.item_id = consumption.item_id
JOIN plant.work_order ON work_order.work_order_id = consumption.work_order_id
WHERE consumption_id = %(consumption_id)s AND reversed_by IS NULL
FOR NO KEY UPDATE OF consumption;

-- order_of_consumption --
SELECT number FROM plant.consumption JOIN plant.work_order USING (work_order_id) WHERE consumption_id = %(consumption_id)s;

-- settle_shortage --
UPDATE plant.consumption SET shortage = shortage - %(quantity)s WHERE consumption_id = %(consumption_id)s;

-- consumptions_of_event --
SELECT consumption_id, consumption.work_order_id, work_order.number AS "order", run_id, operation, location,
       bom_revision, position, consumption.item_id, item.code AS item, consumption.unit, required, shortage, residual_step
FROM plant.consumption
JOIN plant.item ON item.item_id = consumption.item_id
JOIN plant.work_order ON work_order.work_order_id = consumption.work_order_id
WHERE event_id = %(event_id)s AND reversed_by IS NULL AND (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
ORDER BY consumption_id
FOR NO KEY UPDATE OF consumption;

-- consumed_lots --
-- What each lot gave to a consumption, after what was taken back of it.
SELECT lot_id, coalesce(from_location, to_location) AS location,
       sum(CASE kind WHEN 'consume' THEN quantity ELSE -quantity END) AS quantity
FROM plant.lot_move WHERE consumption_id = %(consumption_id)s
GROUP BY lot_id, coalesce(from_location, to_location)
HAVING sum(CASE kind WHEN 'consume' THEN quantity ELSE -quantity END) > 0
ORDER BY lot_id;

-- reverse_consumption --
UPDATE plant.consumption SET reversed_by = %(event_id)s WHERE consumption_id = %(consumption_id)s;

-- consumption_page --
SELECT consumption_id, event_id, work_order.number AS "order", run_id, operation, location, bom_revision, position,
       item.code AS item, consumption.unit, required, shortage, refused, event_time,
       reversed_by IS NOT NULL AS is_reversed,
       coalesce((SELECT jsonb_agg(jsonb_build_object('lot_id', given.lot_id, 'lot', given.lot,
                                                     'quantity', given.quantity::text) ORDER BY given.lot_id)
                 FROM (SELECT lot_id, lot, sum(CASE kind WHEN 'consume' THEN quantity ELSE -quantity END) AS quantity
                       FROM plant.lot_move JOIN plant.material_lot USING (lot_id)
                       WHERE lot_move.consumption_id = consumption.consumption_id GROUP BY lot_id, lot) AS given
                 WHERE given.quantity <> 0), '[]') AS lots
FROM plant.consumption
JOIN plant.item ON item.item_id = consumption.item_id
JOIN plant.work_order ON work_order.work_order_id = consumption.work_order_id
WHERE consumption_id > %(after)s
  AND (%(order)s::text IS NULL OR work_order.number = %(order)s)
  AND (NOT %(short_only)s OR (shortage > 0 AND reversed_by IS NULL))
ORDER BY consumption_id LIMIT %(limit)s;

-- residuals --
SELECT position, residual FROM plant.backflush_residual
WHERE work_order_id = %(work_order_id)s AND bom_revision = %(bom_revision)s;

-- save_residual --
INSERT INTO plant.backflush_residual (work_order_id, bom_revision, position, residual)
VALUES (%(work_order_id)s, %(bom_revision)s, %(position)s, %(residual)s)
ON CONFLICT (work_order_id, bom_revision, position) DO UPDATE SET residual = excluded.residual;

-- add_waiver --
INSERT INTO plant.waiver (work_order_id, item_id, lot_id, reasons, changes, holds, note, requested_by)
VALUES (%(work_order_id)s, %(item_id)s, %(lot_id)s, %(reasons)s, %(changes)s, %(holds)s, %(note)s, %(requested_by)s)
RETURNING waiver_id;

-- lock_waiver --
SELECT waiver_id, state, requested_by, reasons, changes, holds FROM plant.waiver WHERE waiver_id = %(waiver_id)s
FOR NO KEY UPDATE;

-- grant_waiver --
UPDATE plant.waiver
SET state = 'granted', granted_by = %(granted_by)s, granted_role = %(role)s, granted_time = %(granted_time)s,
    expiry_time = %(expiry_time)s
WHERE waiver_id = %(waiver_id)s;

-- end_waiver --
UPDATE plant.waiver SET state = %(state)s, ended_by = %(actor)s WHERE waiver_id = %(waiver_id)s;

-- waivers --
SELECT waiver_id, work_order.number AS "order", item.code AS item, lot_id, lot, reasons, changes, holds, note, waiver.state,
       requested_by, requester.name AS requested_by_name, requested_time, granted_by, granter.name AS granted_by_name,
       granted_role, granted_time, waiver.expiry_time
FROM plant.waiver
JOIN plant.work_order USING (work_order_id)
JOIN plant.item ON item.item_id = waiver.item_id
LEFT JOIN plant.material_lot USING (lot_id)
JOIN plant.person AS requester ON requester.person_id = requested_by
LEFT JOIN plant.person AS granter ON granter.person_id = granted_by
WHERE waiver_id > %(after)s
  AND (%(id)s::bigint IS NULL OR waiver_id = %(id)s)
  AND (%(state)s::text IS NULL OR waiver.state = %(state)s)
ORDER BY waiver_id LIMIT %(limit)s;
