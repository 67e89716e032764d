-- order --
-- bom_revision is the revision that was pinned; an item without components has no BOM to it.
SELECT work_order_id, number, item.code AS item, work_order.quantity, work_order.unit, state, item_revision, bom_id,
       has_started
FROM plant.work_order JOIN plant.item USING (item_id)
WHERE number = %(order)s;

-- lock_order --
SELECT work_order_id FROM plant.work_order WHERE number = %(order)s FOR NO KEY UPDATE;

-- items --
SELECT item_id, code, name_zh, name_en, unit, scale, setup_parts, is_lot_tracked
FROM plant.item WHERE code = ANY (%(codes)s);

-- item_units --
SELECT item.code, item_unit.unit, amount, equals_unit, equals_amount
FROM plant.item_unit JOIN plant.item USING (item_id) WHERE item.code = ANY (%(codes)s)
ORDER BY item.code, item_unit.unit, equals_unit;

-- granted_waivers --
SELECT waiver_id, number AS "order", lot, item.code AS item, reasons, changes, holds, requested_by, granted_by, granted_role,
       granted_time, waiver.expiry_time
FROM plant.waiver
JOIN plant.work_order USING (work_order_id)
JOIN plant.item ON item.item_id = waiver.item_id
LEFT JOIN plant.material_lot USING (lot_id)
WHERE waiver.state = 'granted' AND number = %(order)s
ORDER BY waiver_id;

-- lot_of_item --
SELECT lot_id FROM plant.material_lot JOIN plant.item USING (item_id)
WHERE lot = %(lot)s ORDER BY item.code <> %(item)s, lot_id LIMIT 1;

-- running_order_at --
-- What runs at a station, for a scan that names no order.
SELECT number FROM plant.run
JOIN plant.equipment USING (equipment_id)
JOIN plant.work_order ON work_order.work_order_id = run.work_order_id
WHERE run.to_time IS NULL AND equipment.path = %(path)s;

-- run --
-- Backflush is by the first operation: material goes in there, and what is scrapped later was taken there.
SELECT run.run_id, run.work_order_id, work_order.number AS "order", operation.position AS operation,
       equipment.path AS location,
       NOT EXISTS (SELECT FROM plant.operation AS earlier
                   WHERE earlier.work_order_id = run.work_order_id AND earlier.state <> 'skipped'
                     AND (earlier.position, earlier.name_en) < (operation.position, operation.name_en)) AS is_first
FROM plant.run
JOIN plant.operation USING (operation_id)
JOIN plant.equipment USING (equipment_id)
JOIN plant.work_order ON work_order.work_order_id = run.work_order_id
WHERE run_id = %(run_id)s;
