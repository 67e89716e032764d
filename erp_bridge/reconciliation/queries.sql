-- clock --
-- And whether nothing may be told to the system since a restore: then nobody knows what is under way.
SELECT now() AS now, bridge.is_held(%(system)s) AS is_held;

-- is_due --
-- The last reading is older than the period, or there is none.
SELECT NOT EXISTS (
    SELECT FROM bridge.stock_reading
    WHERE system = %(system)s AND read_time > now() - %(period_s)s * interval '1 s'
) AS is_due;

-- receipts --
-- Arrived there, and the plant was not told yet.
SELECT 'receipt ' || inbox_id AS reference, told FROM bridge.inbox
WHERE system = %(system)s AND kind = 'receipt' AND state IN ('received', 'stopped', 'refused')
ORDER BY inbox_id
LIMIT %(limit)s;

-- keep_reading --
INSERT INTO bridge.stock_reading (system, read_time, compared, levels, unmapped)
VALUES (%(system)s, %(read_time)s, %(compared)s, %(levels)s, %(unmapped)s)
ON CONFLICT (system) DO UPDATE SET read_time = excluded.read_time, compared = excluded.compared,
    levels = excluded.levels, unmapped = excluded.unmapped;

-- keep_levels --
-- As read now: what is not among them any more goes, and what says the same is not written.
WITH told AS (
    SELECT * FROM unnest(%(items)s::text[], %(lots)s::text[], %(locations)s::text[], %(our_locations)s::text[],
                         %(units)s::text[], %(quantities)s::numeric[])
                  AS told (item, lot, location, our_location, unit, quantity)
), gone AS (
    DELETE FROM bridge.stock_level AS level
    WHERE system = %(system)s
      AND NOT EXISTS (SELECT FROM told
                      WHERE (told.item, told.lot, told.location, told.unit) = (level.item, level.lot, level.location, level.unit))
)
INSERT INTO bridge.stock_level AS known (system, item, lot, location, our_location, unit, quantity)
SELECT %(system)s, item, lot, location, our_location, unit, quantity FROM told
ON CONFLICT (system, item, lot, location, unit) DO UPDATE
SET our_location = excluded.our_location, quantity = excluded.quantity
WHERE (known.our_location, known.quantity) IS DISTINCT FROM (excluded.our_location, excluded.quantity);

-- forget_comparisons --
-- Lots that are neither there nor here any more.
DELETE FROM bridge.stock_comparison AS known
WHERE system = %(system)s
  AND NOT EXISTS (SELECT FROM unnest(%(items)s::text[], %(lots)s::text[]) AS told (item, lot)
                  WHERE (told.item, told.lot) = (known.item, known.lot));

-- keep_comparison --
-- Its age is that of its state: a difference that grows is as old as it was.
INSERT INTO bridge.stock_comparison AS known
    (system, item, lot, unit, there, here, under_way, difference, state, since_time, compared_time)
VALUES (%(system)s, %(item)s, %(lot)s, %(unit)s, %(there)s, %(here)s, %(under_way)s, %(difference)s, %(state)s,
        %(read_time)s, %(read_time)s)
ON CONFLICT (system, item, lot) DO UPDATE
SET unit = excluded.unit, there = excluded.there, here = excluded.here, under_way = excluded.under_way,
    difference = excluded.difference, state = excluded.state, compared_time = excluded.compared_time,
    since_time = CASE WHEN known.state = excluded.state THEN known.since_time ELSE excluded.since_time END;

-- stop_unknown --
-- A row to fix per code; one that a person left stays left.
INSERT INTO bridge.inbox AS known (system, kind, external_id, revision, told, state, problem, answered_time)
VALUES (%(system)s, 'stock', %(external_id)s, '1', %(told)s::jsonb, 'stopped', %(problem)s::jsonb, now())
ON CONFLICT (system, kind, external_id, revision) DO UPDATE
SET state = 'stopped', told = excluded.told, problem = excluded.problem, answered_time = now()
WHERE known.state IN ('received', 'done');

-- known_now --
-- Their codes are mapped by now, or nothing lies there under them any more.
UPDATE bridge.inbox SET state = 'done', problem = NULL, answered_time = now()
WHERE system = %(system)s AND kind = 'stock' AND state IN ('received', 'stopped') AND external_id <> ALL (%(unknown)s);
