-- operation_is_there --
SELECT operation_id FROM plant.operation WHERE operation_id = %(operation_id)s;

-- in_rework --
-- What stands in rework of the operation's runs. Read under the order's row lock by whoever moves it.
SELECT run_id, equipment.path, reason, sum(entry.quantity) AS quantity,
       min(entry.event_time) FILTER (WHERE entry.quantity > 0) AS since
FROM plant.operation
JOIN plant.production_entry AS entry USING (work_order_id)
JOIN plant.run USING (run_id)
JOIN plant.equipment USING (equipment_id)
WHERE operation.operation_id = %(operation_id)s AND run.operation_id = operation.operation_id AND kind = 'rework'
  AND (%(reason)s::text IS NULL OR reason = %(reason)s)
GROUP BY run_id, equipment.path, reason
HAVING sum(entry.quantity) > 0
ORDER BY run_id, min(entry.recorded_time), reason;
