-- Every column of a union has its name: so that what pg_dump tells, restored, tells the same again.
SET ROLE lineside_plant;
CREATE OR REPLACE VIEW bi.scrap AS
SELECT told.time, told.machine, told.path, coalesce(nullif(regexp_replace(told.path, '/[^/]+$', ''), told.path), '') AS line,
       told.work_order, told.item, told.kind, told.reason, reason.name_en, reason.name_zh, told.quantity::float8, now() AS as_of
FROM (
    SELECT entry.event_time AS time, coalesce(machine.name, equipment.name) AS machine, equipment.path, work_order.number AS work_order,
           item.code AS item, entry.kind, entry.reason, entry.quantity
    FROM plant.production_entry AS entry
    JOIN plant.run USING (run_id)
    JOIN plant.equipment USING (equipment_id)
    LEFT JOIN plant.machine ON machine.equipment_id = run.equipment_id AND machine.is_first
    JOIN plant.work_order ON work_order.work_order_id = entry.work_order_id
    JOIN plant.item USING (item_id)
    WHERE entry.kind IN ('scrap', 'rework')
    UNION ALL  -- Named among the rejects: taken off what the machine rejected without a name.
    SELECT entry.event_time AS time, coalesce(machine.name, equipment.name) AS machine, equipment.path, work_order.number AS work_order,
           item.code AS item, 'scrap'::text AS kind, 'machine_reject'::text AS reason, -entry.quantity AS quantity
    FROM plant.production_entry AS entry
    JOIN plant.run USING (run_id)
    JOIN plant.equipment USING (equipment_id)
    LEFT JOIN plant.machine ON machine.equipment_id = run.equipment_id AND machine.is_first
    JOIN plant.work_order ON work_order.work_order_id = entry.work_order_id
    JOIN plant.item USING (item_id)
    WHERE entry.among_rejects AND run.count_source <> 'operator'
    UNION ALL
    SELECT hour.from_ts AS time, place.name AS machine, place.path, NULL::text AS work_order, NULL::text AS item, 'scrap'::text AS kind,
           machine.reason, machine.quantity
    FROM plant.machine_hour AS hour
    JOIN plant.device_line AS place USING (device_id)
    CROSS JOIN LATERAL (VALUES ('machine_reject', hour.rejected), ('setup', hour.setup_scrap)) AS machine (reason, quantity)
    WHERE machine.quantity <> 0
) AS told
LEFT JOIN plant.reason ON reason.kind = told.kind AND reason.code = told.reason;
CREATE OR REPLACE VIEW bi.quarantine AS
SELECT edge.node AS edge, told.reason, told.received_time, told.rows, now() AS as_of
FROM (SELECT edge_id, reason, received_time, 1::bigint AS rows FROM plant.quarantine
      UNION ALL
      SELECT device.edge_id, sample.reason, sample.stored_time AS received_time, 1::bigint AS rows FROM plant.sample_quarantine AS sample
      JOIN plant.tag USING (tag_id) JOIN plant.device USING (device_id)) AS told
LEFT JOIN plant.edge USING (edge_id);
RESET ROLE;
