-- left --
-- What is left of each lot, at all locations. Lots that are named are told empty too; else those with something left.
SELECT material_lot.lot_id, material_lot.item_id, item.code AS item, lot, material_lot.unit, item.scale,
       coalesce(stock.quantity, 0) AS quantity
FROM plant.material_lot
JOIN plant.item ON item.item_id = material_lot.item_id
LEFT JOIN LATERAL (
    SELECT sum(quantity) AS quantity FROM plant.lot_stock WHERE lot_stock.lot_id = material_lot.lot_id AND quantity > 0
) AS stock ON true
WHERE material_lot.lot_id > %(after)s
  AND CASE WHEN %(lots)s::text[] IS NULL THEN stock.quantity > 0 ELSE lot = ANY (%(lots)s::text[]) END
ORDER BY material_lot.lot_id LIMIT %(limit)s;

-- units_of_items --
SELECT item_id, unit, amount, equals_unit, equals_amount FROM plant.item_unit WHERE item_id = ANY (%(item_ids)s)
ORDER BY item_id, unit, equals_unit;
