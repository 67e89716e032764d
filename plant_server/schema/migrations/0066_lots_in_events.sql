-- Events keep whole what became of lots from here on, so that every table of lots is made again from Events alone. What
-- they did not keep before stands in one Event, as it stood when this was applied.
SET ROLE lineside_plant;

-- Nothing was ever owed here: such a row is no longer written.
DELETE FROM plant.backflush_residual AS residual
WHERE residual.residual = '0' AND NOT EXISTS (
    SELECT FROM plant.consumption
    WHERE (consumption.work_order_id, consumption.bom_revision, consumption.position)
        = (residual.work_order_id, residual.bom_revision, residual.position));

WITH begun AS (
    INSERT INTO plant.event (event_id, kind, actor, request_hash, body, status, answer, event_time, facts)
    SELECT gen_random_uuid(), 'audit.lots_begin', 'lineside migrate', sha256('audit.lots_begin'), '{}', 200, '{}', now(),
           jsonb_build_object(
               'lots', (SELECT coalesce(jsonb_agg(to_jsonb(one)), '[]') FROM plant.material_lot AS one),
               'consumptions', (SELECT coalesce(jsonb_agg(to_jsonb(one)), '[]') FROM plant.consumption AS one),
               'holds_placed', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'lot_id', lot_id, 'reference', reference, 'note', note, 'event_id', placed_event,
                    'placed_time', placed_time)), '[]') FROM plant.lot_hold),
               'holds_lifted', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'lot_id', lot_id, 'reference', reference, 'placed_event', placed_event, 'event_id', lifted_event,
                    'lifted_time', lifted_time)), '[]') FROM plant.lot_hold WHERE lifted_event IS NOT NULL),
               'lot_moves', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'event_id', event_id, 'lot_id', lot_id, 'kind', kind, 'from', from_location, 'to', to_location,
                    'quantity', quantity, 'work_order_id', work_order_id, 'consumption_id', consumption_id,
                    'waiver_id', waiver_id, 'reason', reason, 'event_time', event_time, 'recorded_time', recorded_time)
                    ORDER BY move_id), '[]') FROM plant.lot_move))
    WHERE EXISTS (SELECT FROM plant.material_lot) OR EXISTS (SELECT FROM plant.consumption)
    RETURNING recorded_time, event_id
)
INSERT INTO plant.unsealed (recorded_time, event_id) SELECT recorded_time, event_id FROM begun;
RESET ROLE;
