-- readings --
SELECT reading.system, read_time, compared, levels, unmapped,
    coalesce((SELECT jsonb_object_agg(state, lots) FROM (
        SELECT state, count(*) AS lots FROM bridge.stock_comparison WHERE system = reading.system GROUP BY state
    ) AS counted), '{}') AS lots
FROM bridge.stock_reading AS reading
ORDER BY reading.system;

-- comparisons --
SELECT comparison_id, system, item, nullif(lot, '') AS lot, unit, there, here, under_way, difference, state, since_time,
    compared_time,
    coalesce((SELECT jsonb_agg(jsonb_build_object('location', location, 'our_location', our_location, 'unit', level.unit,
                                                  'quantity', quantity::text) ORDER BY location)
              FROM bridge.stock_level AS level
              WHERE (level.system, level.item, level.lot) = (comparison.system, comparison.item, comparison.lot)), '[]')
        AS levels
FROM bridge.stock_comparison AS comparison
WHERE (%(states)s::text[] IS NULL OR state = ANY (%(states)s))
  AND (%(system)s::text IS NULL OR system = %(system)s)
  AND (%(item)s::text IS NULL OR item = %(item)s)
  AND comparison_id > %(cursor)s
ORDER BY comparison_id
LIMIT %(limit)s;
