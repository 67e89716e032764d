-- unchanged --
-- The first good reading after each loss of contact, if it shows what the last good one before it showed. Each tag is told
-- once after a reconnection, changed or not.
SELECT found.ts FROM unnest(%(from_times)s::timestamptz[], %(to_times)s::timestamptz[]) AS loss (from_time, to_time)
CROSS JOIN LATERAL (
    SELECT ts, value FROM plant.sample
    WHERE tag_id = %(tag_id)s AND ts >= loss.to_time AND ts < %(until)s AND quality BETWEEN 192 AND 255 ORDER BY ts LIMIT 1
) AS found
CROSS JOIN LATERAL (
    SELECT value FROM plant.sample
    WHERE tag_id = %(tag_id)s AND ts <= loss.from_time AND quality BETWEEN 192 AND 255 ORDER BY ts DESC LIMIT 1
) AS kept
WHERE found.value = kept.value;
