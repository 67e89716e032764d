-- lock_orders --
-- The orders, those of the runs, those that run at the same counters, and those of the tags: booking touches their totals too. All rows in
-- the order of their ids, so nobody waits for somebody who waits for him. Locked again after a wait, rows are as they are then.
WITH wanted AS (
    SELECT unnest(%(order_ids)s::bigint[]) AS work_order_id
    UNION SELECT work_order_id FROM plant.run WHERE run_id = ANY (%(run_ids)s)
), counters AS (
    SELECT run_tag.tag_id FROM wanted JOIN plant.run USING (work_order_id) JOIN plant.run_tag USING (run_id)
    WHERE NOT run_tag.settled
    UNION SELECT unnest(%(tag_ids)s::int[])
)
SELECT work_order_id, number, source, item.code AS item, item_id, quantity, work_order.unit, item.unit AS base_unit,
       item.scale, item.setup_parts, item.is_lot_tracked, due_time, priority, person_priority, work_center, wanted_revision, state, has_started, version,
       item_revision, bom_id, routing_id, made, good, scrap, rework
FROM plant.work_order JOIN plant.item USING (item_id)
WHERE work_order_id = ANY (ARRAY(
    SELECT run.work_order_id FROM counters JOIN plant.run_tag USING (tag_id) JOIN plant.run USING (run_id)
    WHERE NOT run_tag.settled
    UNION SELECT work_order_id FROM wanted))
ORDER BY work_order_id FOR UPDATE OF work_order;

-- holds_of_order --
SELECT reason, reference FROM plant.work_order_hold WHERE work_order_id = %(work_order_id)s;

-- operations_of_order --
SELECT * FROM plant.operation WHERE work_order_id = %(work_order_id)s ORDER BY position, name_en;

-- set_state --
UPDATE plant.work_order
SET state = %(state)s, has_started = %(has_started)s, version = version + 1,
    started_time = coalesce(started_time, CASE WHEN %(has_started)s THEN now() END),
    ended_time = CASE WHEN %(state)s IN ('completed', 'cancelled', 'aborted') THEN now() ELSE ended_time END
WHERE work_order_id = %(work_order_id)s RETURNING version;

-- set_operation_state --
WITH counted AS (
    UPDATE plant.work_order SET version = version + 1 WHERE work_order_id = %(work_order_id)s RETURNING version
)
UPDATE plant.operation SET state = %(state)s FROM counted WHERE operation_id = %(operation_id)s RETURNING version;

-- add_order --
INSERT INTO plant.work_order (number, source, item_id, quantity, unit, ordered_quantity, ordered_unit, due_time, priority,
                              work_center, requirement, wanted_revision)
VALUES (%(number)s, %(source)s, %(item_id)s, %(quantity)s, %(unit)s, %(ordered_quantity)s, %(ordered_unit)s, %(due_time)s,
        %(priority)s, %(work_center)s, %(requirement)s, %(wanted_revision)s)
ON CONFLICT (number) DO NOTHING RETURNING work_order_id;

-- change_order_row --
UPDATE plant.work_order
SET number = %(number)s, item_id = %(item_id)s, quantity = %(quantity)s, unit = %(unit)s,
    ordered_quantity = %(ordered_quantity)s, ordered_unit = %(ordered_unit)s, due_time = %(due_time)s,
    priority = %(priority)s, work_center = %(work_center)s, requirement = %(requirement)s,
    wanted_revision = %(wanted_revision)s, version = version + 1
WHERE work_order_id = %(work_order_id)s;

-- set_person_priority --
UPDATE plant.work_order SET person_priority = %(person_priority)s, version = version + 1
WHERE work_order_id = %(work_order_id)s;

-- forget_operations --
-- Of an order that has not started: nothing was made at them.
DELETE FROM plant.operation WHERE work_order_id = %(work_order_id)s;

-- unpin --
WITH forgotten AS (DELETE FROM plant.operation WHERE work_order_id = %(work_order_id)s)
UPDATE plant.work_order
SET item_revision = NULL, bom_id = NULL, routing_id = NULL, released_time = NULL
WHERE work_order_id = %(work_order_id)s;

-- boms_of_item --
SELECT bom_id, revision FROM plant.bom WHERE item_id = %(item_id)s;

-- routing_of_item --
-- The one that was released last.
SELECT routing_id, revision FROM plant.routing
WHERE item_id = %(item_id)s AND released_time <= now()
ORDER BY released_time DESC, routing_id DESC LIMIT 1;

-- pin --
UPDATE plant.work_order
SET item_revision = %(item_revision)s, bom_id = %(bom_id)s, routing_id = %(routing_id)s,
    released_time = coalesce(released_time, now())
WHERE work_order_id = %(work_order_id)s;

-- add_operations --
INSERT INTO plant.operation (work_order_id, position, name_en, name_zh, work_center, setup_s, cycle_time_s,
                             transfer_quantity, is_optional, is_last, count_source, cavities, state)
SELECT %(work_order_id)s, position, name_en, name_zh, work_center, setup_s, cycle_time_s, transfer_quantity, is_optional,
       position = max(position) OVER (), count_source, cavities,
       CASE WHEN position = min(position) OVER () THEN 'ready' ELSE 'pending' END
FROM plant.routing_operation WHERE routing_id = %(routing_id)s
ORDER BY position, name_en;

-- add_only_operation --
INSERT INTO plant.operation (work_order_id, position, name_en, name_zh, work_center, is_last, state)
SELECT work_order_id, 10, 'Make', '生产', work_center, true, 'ready' FROM plant.work_order
WHERE work_order_id = %(work_order_id)s;

-- operation_ids --
SELECT operation_id, state FROM plant.operation WHERE work_order_id = %(work_order_id)s ORDER BY operation_id;

-- add_hold --
INSERT INTO plant.work_order_hold (work_order_id, reason, reference, set_by)
VALUES (%(work_order_id)s, %(reason)s, %(reference)s, %(set_by)s) ON CONFLICT DO NOTHING;

-- lift_hold --
DELETE FROM plant.work_order_hold
WHERE work_order_id = %(work_order_id)s AND reason = %(reason)s AND reference = %(reference)s;

-- lift_all_holds --
DELETE FROM plant.work_order_hold WHERE work_order_id = %(work_order_id)s;

-- orders_with_pinned_item --
-- Orders that may have to be looked at because of a change of this item: they make it, or take it.
SELECT work_order_id, bom_id FROM plant.work_order
WHERE state IN ('released', 'running', 'paused', 'held') AND bom_id IS NOT NULL
  AND (item_id = %(item_id)s OR EXISTS (
        SELECT FROM plant.bom_component AS part
        WHERE part.bom_id = work_order.bom_id AND part.item_id = %(item_id)s))
ORDER BY work_order_id;

-- documents_waiting --
SELECT count(*) AS waiting FROM plant.outbox WHERE work_order_id = %(work_order_id)s;

-- orders --
SELECT work_order_id, number, source, item.code AS item, name_en, name_zh, quantity, work_order.unit, due_time,
       coalesce(person_priority, priority) AS priority, requirement, state, item_revision AS revision, made, good, scrap, rework, greatest(good - quantity, 0) AS over_run,
       greatest(quantity - good, 0) AS remaining
FROM plant.work_order JOIN plant.item USING (item_id)
WHERE work_order_id > %(after)s AND (%(state)s::text IS NULL OR state = %(state)s)
  AND (%(number)s::text IS NULL OR number = %(number)s)
ORDER BY work_order_id LIMIT %(limit)s;

-- order --
SELECT work_order_id, number, source, item.code AS item, name_en, name_zh, quantity, work_order.unit, due_time,
       coalesce(person_priority, priority) AS priority, requirement, state, item_revision AS revision, made, good, scrap, rework, greatest(good - quantity, 0) AS over_run,
       greatest(quantity - good, 0) AS remaining, ordered_quantity, ordered_unit, priority AS ordered_priority, routing.revision AS routing_revision,
       bom_id, work_center, created_time, work_order.released_time, started_time, ended_time,
       (SELECT coalesce(jsonb_agg(to_jsonb(hold) - 'work_order_id' ORDER BY set_time), '[]')
        FROM plant.work_order_hold AS hold WHERE hold.work_order_id = work_order.work_order_id) AS holds
FROM plant.work_order JOIN plant.item USING (item_id) LEFT JOIN plant.routing USING (routing_id)
WHERE work_order_id = %(work_order_id)s;

-- dispatch --
-- What a station may do: the work centre of the operation is its path, or above it. What is ready goes first.
SELECT operation.operation_id, work_order.work_order_id, number, item.code AS item, item.name_en, item.name_zh,
       operation.name_en AS operation_en, operation.name_zh AS operation_zh, operation.position, operation.work_center,
       operation.state, work_order.state AS order_state, quantity, work_order.unit, operation.good,
       greatest(quantity - operation.good, 0) AS remaining, due_time,
       coalesce(person_priority, priority) AS priority, item_revision AS revision, cycle_time_s, setup_s, requirement
FROM plant.work_order
JOIN plant.operation USING (work_order_id)
JOIN plant.item USING (item_id)
WHERE work_order.state IN ('released', 'running', 'paused', 'held')
  AND operation.state IN ('pending', 'ready', 'running', 'paused')
  AND (%(path)s::text IS NULL OR operation.work_center IS NULL OR operation.work_center = %(path)s
       OR starts_with(%(path)s, operation.work_center || '/'))
ORDER BY work_order.state = 'held', array_position(ARRAY['ready', 'paused', 'running', 'pending'], operation.state),
         coalesce(person_priority, priority), due_time NULLS LAST, work_order.work_order_id, operation.position
LIMIT %(limit)s;

-- operation_order --
SELECT work_order_id FROM plant.operation WHERE operation_id = %(operation_id)s;
