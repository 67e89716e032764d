-- lock_document --
-- The row as it is, locked until the commit; a new one holds what is written now.
INSERT INTO plant.external_document AS known (kind, system, external_id, revision, content_hash, row_id)
VALUES (%(kind)s, %(system)s, %(external_id)s, %(revision)s, %(content_hash)s, 0)
ON CONFLICT (kind, system, external_id) DO UPDATE SET kind = known.kind
RETURNING revision, content_hash, row_id;

-- keep_document --
UPDATE plant.external_document
SET revision = %(revision)s, content_hash = %(content_hash)s, row_id = %(row_id)s, changed_time = now()
WHERE kind = %(kind)s AND system = %(system)s AND external_id = %(external_id)s;

-- item_by_code --
SELECT item_id, code, unit, scale, setup_parts FROM plant.item WHERE code = %(code)s;

-- add_item --
INSERT INTO plant.item (code, name_en, name_zh, unit, scale, setup_parts, is_lot_tracked)
VALUES (%(code)s, %(name_en)s, %(name_zh)s, %(unit)s, %(scale)s, %(setup_parts)s, %(is_lot_tracked)s)
ON CONFLICT (code) DO NOTHING RETURNING item_id;

-- change_item --
-- Another base unit or code would change what was counted: refused while an order is there.
UPDATE plant.item
SET code = %(code)s, name_en = %(name_en)s, name_zh = %(name_zh)s, unit = %(unit)s, scale = %(scale)s,
    setup_parts = %(setup_parts)s, is_lot_tracked = %(is_lot_tracked)s
WHERE item_id = %(item_id)s
  AND ((code, unit) = (%(code)s, %(unit)s)
       OR NOT EXISTS (SELECT FROM plant.work_order WHERE work_order.item_id = item.item_id))
RETURNING item_id;

-- forget_units --
DELETE FROM plant.item_unit WHERE item_id = %(item_id)s;

-- add_unit --
INSERT INTO plant.item_unit (item_id, unit, amount, equals_unit, equals_amount)
VALUES (%(item_id)s, %(unit)s, %(amount)s, %(equals_unit)s, %(equals_amount)s);

-- keep_revision --
INSERT INTO plant.item_revision AS known (item_id, revision, released_time, withdrawn_time)
VALUES (%(item_id)s, %(revision)s, %(released_time)s, %(withdrawn_time)s)
ON CONFLICT (item_id, revision) DO UPDATE
SET released_time = coalesce(excluded.released_time, known.released_time),
    withdrawn_time = coalesce(excluded.withdrawn_time, known.withdrawn_time);

-- units_of_item --
SELECT unit, amount, equals_unit, equals_amount FROM plant.item_unit WHERE item_id = %(item_id)s
ORDER BY unit, equals_unit;

-- has_revision --
SELECT 1 FROM plant.item_revision WHERE item_id = %(item_id)s AND revision = %(revision)s;

-- add_bom --
INSERT INTO plant.bom (item_id, revision, unit, base_quantity)
VALUES (%(item_id)s, %(revision)s, %(unit)s, %(base_quantity)s)
ON CONFLICT (item_id, revision) DO NOTHING RETURNING bom_id;

-- change_bom --
-- What an order has pinned stays as it was.
UPDATE plant.bom SET item_id = %(item_id)s, revision = %(revision)s, unit = %(unit)s, base_quantity = %(base_quantity)s
WHERE bom_id = %(bom_id)s AND NOT EXISTS (SELECT FROM plant.work_order WHERE work_order.bom_id = bom.bom_id)
RETURNING bom_id;

-- forget_components --
DELETE FROM plant.bom_component WHERE bom_id = %(bom_id)s;

-- add_component --
INSERT INTO plant.bom_component (bom_id, position, item_id, quantity_per, unit, scrap_factor, revision, scrap_policy, issuing)
VALUES (%(bom_id)s, %(position)s, %(item_id)s, %(quantity_per)s, %(unit)s, %(scrap_factor)s, %(revision)s,
        %(scrap_policy)s, %(issuing)s);

-- add_change_order --
INSERT INTO plant.change_order (number, item_id, old_revision, new_revision, effectivity, from_time, orders, from_serial,
                                disposition, released_time, used_up_time)
VALUES (%(number)s, %(item_id)s, %(old_revision)s, %(new_revision)s, %(effectivity)s, %(from_time)s, %(orders)s,
        %(from_serial)s, %(disposition)s, %(released_time)s, %(used_up_time)s)
ON CONFLICT (number, item_id) DO NOTHING RETURNING change_order_id;

-- change_change_order --
UPDATE plant.change_order
SET number = %(number)s, item_id = %(item_id)s, old_revision = %(old_revision)s, new_revision = %(new_revision)s,
    effectivity = %(effectivity)s, from_time = %(from_time)s, orders = %(orders)s, from_serial = %(from_serial)s,
    disposition = %(disposition)s, released_time = %(released_time)s, used_up_time = %(used_up_time)s
WHERE change_order_id = %(change_order_id)s;

-- add_drawing --
INSERT INTO plant.drawing (item_id, revision, name, media_type, sha256, content)
VALUES (%(item_id)s, %(revision)s, %(name)s, %(media_type)s, %(sha256)s, %(content)s)
ON CONFLICT (item_id, revision, name) DO NOTHING RETURNING drawing_id;

-- change_drawing --
UPDATE plant.drawing
SET item_id = %(item_id)s, revision = %(revision)s, name = %(name)s, media_type = %(media_type)s, sha256 = %(sha256)s,
    content = %(content)s
WHERE drawing_id = %(drawing_id)s
RETURNING drawing_id;

-- drawing_is_pinned --
SELECT 1 FROM plant.drawing JOIN plant.work_order
  ON work_order.item_id = drawing.item_id AND work_order.item_revision = drawing.revision
WHERE drawing.drawing_id = %(drawing_id)s LIMIT 1;

-- add_routing --
INSERT INTO plant.routing (item_id, revision, released_time) VALUES (%(item_id)s, %(revision)s, %(released_time)s)
ON CONFLICT (item_id, revision) DO NOTHING RETURNING routing_id;

-- change_routing --
UPDATE plant.routing SET item_id = %(item_id)s, revision = %(revision)s, released_time = %(released_time)s
WHERE routing_id = %(routing_id)s
  AND NOT EXISTS (SELECT FROM plant.work_order WHERE work_order.routing_id = routing.routing_id)
RETURNING routing_id;

-- forget_operations --
DELETE FROM plant.routing_operation WHERE routing_id = %(routing_id)s;

-- add_operation --
INSERT INTO plant.routing_operation (routing_id, position, name_en, name_zh, work_center, setup_s, cycle_time_s,
                                     transfer_quantity, is_optional, count_source, cavities)
VALUES (%(routing_id)s, %(position)s, %(name_en)s, %(name_zh)s, %(work_center)s, %(setup_s)s, %(cycle_time_s)s,
        %(transfer_quantity)s, %(is_optional)s, %(count_source)s, %(cavities)s);

-- reasons_of_kind --
SELECT reason.reason_id, reason.code, parent.code AS parent, reason.name_en, reason.name_zh, reason.equipment,
       reason.stop_time, reason.is_active
FROM plant.reason LEFT JOIN plant.reason AS parent ON parent.reason_id = reason.parent_id
WHERE reason.kind = %(kind)s ORDER BY reason.reason_id;

-- lock_reasons --
-- A tree is changed by one at a time.
SELECT pg_advisory_xact_lock(hashtext('plant.reason'));

-- add_reason --
INSERT INTO plant.reason (kind, code, parent_id, name_en, name_zh, equipment, stop_time, is_active)
VALUES (%(kind)s, %(code)s, %(parent_id)s, %(name_en)s, %(name_zh)s, %(equipment)s, %(stop_time)s, %(is_active)s)
ON CONFLICT (kind, code) DO NOTHING RETURNING reason_id;

-- change_reason --
UPDATE plant.reason
SET kind = %(kind)s, code = %(code)s, parent_id = %(parent_id)s, name_en = %(name_en)s, name_zh = %(name_zh)s,
    equipment = %(equipment)s, stop_time = %(stop_time)s, is_active = %(is_active)s
WHERE reason_id = %(reason_id)s;

-- items --
SELECT item_id, code, name_en, name_zh, unit, scale, setup_parts, is_lot_tracked,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('unit', unit, 'amount', amount::text, 'equals_unit', equals_unit,
                                                     'equals_amount', equals_amount::text) ORDER BY unit), '[]')
        FROM plant.item_unit AS other WHERE other.item_id = item.item_id) AS units,
       (SELECT coalesce(jsonb_agg(to_jsonb(own) - 'item_id' ORDER BY revision), '[]')
        FROM plant.item_revision AS own WHERE own.item_id = item.item_id) AS revisions
FROM plant.item
WHERE item_id > %(after)s AND (%(code)s::text IS NULL OR code = %(code)s)
ORDER BY item_id LIMIT %(limit)s;

-- boms --
SELECT bom_id, item.code AS item, bom.revision, bom.unit, bom.base_quantity, own.released_time,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('position', part.position, 'item', other.code,
               'name_en', other.name_en, 'name_zh', other.name_zh, 'quantity_per', part.quantity_per::text,
               'unit', part.unit, 'scrap_factor', part.scrap_factor::text, 'revision', part.revision,
               'scrap_policy', part.scrap_policy, 'issuing', part.issuing) ORDER BY part.position), '[]')
        FROM plant.bom_component AS part JOIN plant.item AS other USING (item_id)
        WHERE part.bom_id = bom.bom_id) AS components
FROM plant.bom JOIN plant.item USING (item_id)
JOIN plant.item_revision AS own ON own.item_id = bom.item_id AND own.revision = bom.revision
WHERE bom_id > %(after)s AND (%(item)s::text IS NULL OR item.code = %(item)s)
ORDER BY bom_id LIMIT %(limit)s;

-- change_orders --
SELECT change_order_id, number, item.code AS item, old_revision, new_revision, effectivity, from_time, orders, from_serial,
       disposition, released_time, used_up_time
FROM plant.change_order JOIN plant.item USING (item_id)
WHERE change_order_id > %(after)s AND (%(item)s::text IS NULL OR item.code = %(item)s)
ORDER BY change_order_id LIMIT %(limit)s;

-- routings --
SELECT routing_id, item.code AS item, revision, released_time,
       (SELECT jsonb_agg(to_jsonb(step) - 'routing_id' ORDER BY position, step.name_en)
        FROM plant.routing_operation AS step WHERE step.routing_id = routing.routing_id) AS operations
FROM plant.routing JOIN plant.item USING (item_id)
WHERE routing_id > %(after)s AND (%(item)s::text IS NULL OR item.code = %(item)s)
ORDER BY routing_id LIMIT %(limit)s;

-- reasons --
SELECT reason.reason_id, reason.kind, reason.code, parent.code AS parent, reason.name_en, reason.name_zh,
       reason.equipment, reason.stop_time, reason.is_active,
       NOT EXISTS (SELECT FROM plant.reason AS below WHERE below.parent_id = reason.reason_id) AS is_leaf
FROM plant.reason LEFT JOIN plant.reason AS parent ON parent.reason_id = reason.parent_id
WHERE reason.reason_id > %(after)s AND (%(kind)s::text IS NULL OR reason.kind = %(kind)s)
ORDER BY reason.reason_id LIMIT %(limit)s;

-- drawings --
SELECT drawing_id, item.code AS item, revision, drawing.name, media_type, encode(sha256, 'hex') AS sha256
FROM plant.drawing JOIN plant.item USING (item_id)
WHERE item.code = %(item)s AND (%(revision)s::text IS NULL OR revision = %(revision)s)
ORDER BY revision, drawing.name;

-- drawing_content --
SELECT media_type, encode(sha256, 'hex') AS sha256, content FROM plant.drawing WHERE drawing_id = %(drawing_id)s;

-- revisions_of_items --
SELECT item.code, revision, released_time, withdrawn_time
FROM plant.item_revision JOIN plant.item USING (item_id) WHERE item.code = ANY (%(codes)s);

-- changes_of_items --
SELECT number, item.code AS item, old_revision, new_revision, effectivity, from_time, orders, from_serial, disposition,
       released_time, used_up_time
FROM plant.change_order JOIN plant.item USING (item_id) WHERE item.code = ANY (%(codes)s) ORDER BY number;

-- bom_with_components --
SELECT item.code AS item, bom.revision, bom.unit, bom.base_quantity, part.position, other.code AS component,
       part.quantity_per, part.unit AS part_unit, part.scrap_factor, part.revision AS part_revision, part.scrap_policy,
       part.issuing
FROM plant.bom JOIN plant.item USING (item_id)
LEFT JOIN plant.bom_component AS part USING (bom_id)
LEFT JOIN plant.item AS other ON other.item_id = part.item_id
WHERE bom.bom_id = %(bom_id)s ORDER BY part.position;
