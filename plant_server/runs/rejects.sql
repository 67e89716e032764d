-- reject_counters --
-- Of each run, the counters of what it rejects beside the counter whose counts are given to it.
SELECT DISTINCT run_tag.run_id, run_tag.tag_id
FROM plant.run_tag JOIN plant.run_tag AS given USING (run_id)
WHERE run_id = ANY (%(run_ids)s) AND run_tag.counts = 'reject' AND given.tag_id = %(tag_id)s AND given.counts <> 'reject'
ORDER BY run_tag.tag_id;

-- next_reading --
-- When the counter went on after it had stood at this total.
SELECT ts FROM plant.odometer_log
WHERE tag_id = %(tag_id)s AND ts >= %(to_ts)s AND total > %(odometer_to)s ORDER BY ts LIMIT 1;

-- waiting_rejects --
-- What is not assigned of the counter, and was counted from `from_ts` until before `until_ts`.
WITH bounds AS (
    SELECT coalesce((SELECT total FROM plant.odometer_log WHERE tag_id = %(tag_id)s AND ts < %(from_ts)s
                     ORDER BY ts DESC LIMIT 1), 0) AS low,
           coalesce((SELECT total FROM plant.odometer_log
                     WHERE tag_id = %(tag_id)s AND ts < coalesce(%(until_ts)s::timestamptz, 'infinity')
                     ORDER BY ts DESC LIMIT 1), 0) AS high
)
SELECT greatest(odometer_from, low)::bigint AS odometer_from, least(odometer_to, high)::bigint AS odometer_to
FROM plant.not_assigned, bounds
WHERE tag_id = %(tag_id)s AND odometer_from < high AND odometer_to > low
ORDER BY odometer_from;
