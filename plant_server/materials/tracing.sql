-- orders_called --
-- Whose label it is: what an order makes carries its number. Else the customer's order or need that orders were made for.
SELECT work_order_id FROM plant.work_order WHERE number = %(label)s
UNION ALL
(SELECT work_order_id FROM plant.work_order
 WHERE requirement = %(label)s AND NOT EXISTS (SELECT FROM plant.work_order WHERE number = %(label)s)
 ORDER BY work_order_id DESC)
LIMIT %(most)s;

-- lots_called --
-- By our label, else by the supplier's.
SELECT lot_id FROM plant.material_lot WHERE lot = %(label)s
UNION ALL
(SELECT lot_id FROM plant.material_lot
 WHERE supplier_lot = %(label)s AND NOT EXISTS (SELECT FROM plant.material_lot WHERE lot = %(label)s)
 ORDER BY lot_id DESC)
LIMIT %(most)s;

-- backward --
-- The orders asked for, and those that made a lot of what stayed in them. What was taken back whole leads nowhere.
WITH RECURSIVE reached AS (
    SELECT unnest(%(work_order_ids)s::bigint[]) AS work_order_id, 0 AS step
    UNION
    SELECT maker.work_order_id, reached.step + 1
    FROM reached
    JOIN LATERAL (SELECT lot_id FROM plant.lot_move
                  WHERE lot_move.work_order_id = reached.work_order_id AND kind IN ('consume', 'reverse')
                  GROUP BY lot_id
                  HAVING sum(CASE kind WHEN 'consume' THEN quantity ELSE -quantity END) > 0) AS used ON true
    JOIN plant.material_lot USING (lot_id)
    JOIN plant.work_order AS maker ON maker.number = material_lot.lot AND maker.item_id = material_lot.item_id
    WHERE reached.step < %(steps)s
)
SELECT work_order_id, min(step) AS step FROM reached GROUP BY work_order_id ORDER BY step, work_order_id LIMIT %(most)s;

-- forward --
-- Every lot that holds something of those asked for, and the orders that took from it. An order that took nothing in the end
-- is told, too: it leads no further.
WITH RECURSIVE holding AS (
    SELECT unnest(%(lot_ids)s::bigint[]) AS lot_id, 0 AS step
    UNION
    SELECT made.lot_id, holding.step + 1
    FROM holding
    JOIN LATERAL (SELECT work_order_id FROM plant.lot_move
                  WHERE lot_move.lot_id = holding.lot_id AND kind IN ('consume', 'reverse')
                  GROUP BY work_order_id
                  HAVING sum(CASE kind WHEN 'consume' THEN quantity ELSE -quantity END) > 0) AS took ON true
    JOIN plant.work_order USING (work_order_id)
    JOIN plant.material_lot AS made ON made.lot = work_order.number AND made.item_id = work_order.item_id
    WHERE holding.step < %(steps)s
)
SELECT lot_move.work_order_id, min(step) AS step, array_agg(DISTINCT lot_id) AS lot_ids
FROM holding JOIN plant.lot_move USING (lot_id)
WHERE lot_move.kind = 'consume' AND lot_move.work_order_id IS NOT NULL
GROUP BY lot_move.work_order_id ORDER BY step, work_order_id LIMIT %(most)s;

-- orders --
SELECT work_order_id, number, item.code AS item, item.name_en, item.name_zh, work_order.quantity, work_order.unit, state,
       made, good, scrap, rework, item_revision AS revision, bom.revision AS bom_revision, requirement, released_time,
       started_time, ended_time,
       ARRAY(SELECT name FROM plant.drawing
             WHERE drawing.item_id = work_order.item_id AND drawing.revision = work_order.item_revision ORDER BY name) AS drawings
FROM plant.work_order
JOIN plant.item USING (item_id)
LEFT JOIN plant.bom USING (bom_id)
WHERE work_order_id = ANY (%(work_order_ids)s);

-- lots --
SELECT lot_id, lot, item.code AS item, item.name_en, item.name_zh, material_lot.revision, material_lot.unit, supplier_lot,
       received_time, expiry_time, maker.number AS made_by,
       coalesce((SELECT sum(quantity) FROM plant.lot_move
                 WHERE lot_move.lot_id = material_lot.lot_id AND kind = 'receive'), 0) AS received,
       coalesce((SELECT sum(quantity) FROM plant.lot_stock WHERE lot_stock.lot_id = material_lot.lot_id), 0) AS in_stock
FROM plant.material_lot
JOIN plant.item USING (item_id)
LEFT JOIN plant.work_order AS maker ON maker.number = material_lot.lot AND maker.item_id = material_lot.item_id
WHERE lot_id = ANY (%(lot_ids)s)
ORDER BY lot, lot_id;

-- materials --
-- By order and lot: what was taken, and what of it was put back. Without a lot: of an item that has none, or what nobody has
-- named a lot for (is_short). Only lots of `lot_ids`, if there are any.
WITH moved AS (
    SELECT work_order_id, consumption_id, lot_id,
           sum(quantity) FILTER (WHERE kind = 'consume') AS taken,
           coalesce(sum(quantity) FILTER (WHERE kind = 'reverse'), 0) AS put_back,
           min(event_time) FILTER (WHERE kind = 'consume') AS from_time,
           max(event_time) FILTER (WHERE kind = 'consume') AS to_time, max(waiver_id) AS waiver_id
    FROM plant.lot_move
    WHERE work_order_id = ANY (%(work_order_ids)s) AND kind IN ('consume', 'reverse')
      AND (%(lot_ids)s::bigint[] IS NULL OR lot_id = ANY (%(lot_ids)s))
    GROUP BY work_order_id, consumption_id, lot_id
), told AS (
    SELECT moved.work_order_id, consumption.item_id, moved.lot_id, consumption.unit, taken, put_back, false AS is_short,
           moved.from_time, moved.to_time, consumption.operation, consumption.location, consumption.bom_revision,
           moved.waiver_id
    FROM moved JOIN plant.consumption USING (consumption_id)
    UNION ALL
    SELECT work_order_id, item_id, NULL, unit, required, CASE WHEN reversed_by IS NULL THEN 0 ELSE required END,
           false, event_time, event_time, operation, location, bom_revision, NULL
    FROM plant.consumption
    WHERE work_order_id = ANY (%(work_order_ids)s) AND %(lot_ids)s::bigint[] IS NULL AND shortage = 0
      AND NOT EXISTS (SELECT FROM plant.lot_move WHERE lot_move.consumption_id = consumption.consumption_id)
    UNION ALL
    SELECT work_order_id, item_id, NULL, unit, shortage, CASE WHEN reversed_by IS NULL THEN 0 ELSE shortage END,
           true, event_time, event_time, operation, location, bom_revision, NULL
    FROM plant.consumption
    WHERE work_order_id = ANY (%(work_order_ids)s) AND %(lot_ids)s::bigint[] IS NULL AND shortage > 0
)
SELECT work_order_id, item.code AS item, item.name_en, item.name_zh, lot_id, told.unit, is_short, sum(taken) AS taken,
       sum(put_back) AS put_back, min(from_time) AS from_time, max(to_time) AS to_time,
       array_agg(DISTINCT operation ORDER BY operation) FILTER (WHERE operation IS NOT NULL) AS operations,
       array_agg(DISTINCT location ORDER BY location) AS locations,
       array_agg(DISTINCT bom_revision ORDER BY bom_revision) FILTER (WHERE bom_revision <> '') AS bom_revisions,
       array_agg(DISTINCT waiver_id ORDER BY waiver_id) FILTER (WHERE waiver_id IS NOT NULL) AS waivers
FROM told JOIN plant.item USING (item_id)
GROUP BY work_order_id, item.item_id, lot_id, told.unit, is_short
ORDER BY work_order_id, item.code, min(from_time), lot_id
LIMIT %(most)s;

-- runs --
SELECT run.run_id, run.work_order_id, operation.position AS operation, operation.name_en, operation.name_zh,
       equipment.path AS station, run.from_time, run.to_time, run.count_source, booked_made, booked_scrap, booked_rejected, booked_setup,
       entered_good, entered_scrap, entered_rework, among_rejects, energy_wh
FROM plant.run
JOIN plant.operation USING (operation_id)
JOIN plant.equipment USING (equipment_id)
LEFT JOIN plant.run_energy USING (run_id)
WHERE run.work_order_id = ANY (%(work_order_ids)s)
ORDER BY run.from_time, run_id LIMIT %(most)s;

-- people --
-- Who worked at a run, and who reported at it without having signed in there.
SELECT run_id, labor.person, person.name, person.name_zh, labor.from_time, labor.to_time
FROM (SELECT run_id, person, from_time, to_time FROM plant.labor WHERE run_id = ANY (%(run_ids)s)
      UNION ALL
      SELECT run_id, actor, min(event_time), max(event_time) FROM plant.production_entry AS entry
      WHERE run_id = ANY (%(run_ids)s)
        AND NOT EXISTS (SELECT FROM plant.labor WHERE labor.run_id = entry.run_id AND labor.person = entry.actor)
      GROUP BY run_id, actor) AS labor
LEFT JOIN plant.person ON labor.person = 'person:' || person_id
ORDER BY run_id, from_time, labor.person LIMIT %(most)s;

-- bad_parts --
-- As the ERP hears them, which is once their reason is known or their run has ended.
SELECT run_id, run_told.kind, run_told.reason, reason.name_en, reason.name_zh, sum(quantity) AS quantity
FROM plant.run_told LEFT JOIN plant.reason ON reason.kind = run_told.kind AND reason.code = run_told.reason
WHERE run_id = ANY (%(run_ids)s) AND run_told.kind <> 'completion'
GROUP BY run_id, run_told.kind, run_told.reason, reason.name_en, reason.name_zh
HAVING sum(quantity) <> 0
ORDER BY run_id, run_told.kind, quantity DESC LIMIT %(most)s;

-- stops --
-- In the time of a run, cut at its bounds. Short ones that need no reason and have none are left out.
SELECT run_id, greatest(piece.from_ts, run.from_time) AS from_time,
       nullif(least(coalesce(piece.to_ts, 'infinity'), coalesce(run.to_time, 'infinity')), 'infinity') AS to_time,
       piece.reason, reason.name_en, reason.name_zh
FROM plant.run
JOIN plant.device_place AS place ON place.equipment_id = run.equipment_id
JOIN plant.stop ON stop.device_id = place.device_id
     AND tstzrange(stop.from_ts, stop.to_ts) && tstzrange(run.from_time, run.to_time)  -- by the index that keeps stops apart
JOIN plant.stop_piece AS piece ON piece.stop_id = stop.stop_id
     AND tstzrange(piece.from_ts, piece.to_ts) && tstzrange(run.from_time, run.to_time)
LEFT JOIN plant.reason ON reason.kind = 'stop' AND reason.code = piece.reason
WHERE run.run_id = ANY (%(run_ids)s)
  AND (piece.reason IS NOT NULL OR stop.to_ts IS NULL OR stop.to_ts - stop.from_ts >= stop.micro_below_s * interval '1 s')
ORDER BY run_id, from_time LIMIT %(most)s;

-- lot_holds --
SELECT lot_id, reference, note, placed_time, lifted_time FROM plant.lot_hold
WHERE lot_id = ANY (%(lot_ids)s) ORDER BY lot_id, placed_time LIMIT %(most)s;

-- order_holds --
SELECT work_order_id, reason, reference, set_by, set_time FROM plant.work_order_hold
WHERE work_order_id = ANY (%(work_order_ids)s) ORDER BY work_order_id, set_time LIMIT %(most)s;

-- waivers --
SELECT waiver_id, work_order_id, item.code AS item, material_lot.lot, reasons, changes, waiver.note, waiver.state,
       requester.name AS requested_by, granter.name AS granted_by, granted_time
FROM plant.waiver
JOIN plant.item ON item.item_id = waiver.item_id
LEFT JOIN plant.material_lot USING (lot_id)
JOIN plant.person AS requester ON requester.person_id = requested_by
LEFT JOIN plant.person AS granter ON granter.person_id = granted_by
WHERE work_order_id = ANY (%(work_order_ids)s)
ORDER BY waiver_id LIMIT %(most)s;
