-- bookings --
SELECT booking.tag_id, device.name AS device, tag.name AS tag, booking.odometer_from, booking.odometer_to, booking.parts,
       booking.kind, booking.from_ts, booking.to_ts, booking.by_person
FROM plant.booking
JOIN plant.tag USING (tag_id)
JOIN plant.device USING (device_id)
WHERE booking.run_id = %(run_id)s
ORDER BY booking.to_ts DESC, booking.tag_id, booking.odometer_from DESC LIMIT %(limit)s;

-- booking_and_its_rejects --
-- The booking first; then what reject counters showed in its time, booked to the run in the same way.
WITH wrong AS (
    SELECT booking.*, run_tag.counts FROM plant.booking JOIN plant.run_tag USING (run_id, tag_id)
    WHERE run_id = %(run_id)s AND tag_id = %(tag_id)s AND odometer_from = %(odometer_from)s
      AND odometer_to = %(odometer_to)s
), with_it AS (
    SELECT other.*, run_tag.counts FROM wrong
    JOIN plant.booking AS other USING (run_id, setting_time, by_person)
    JOIN plant.run_tag ON run_tag.run_id = other.run_id AND run_tag.tag_id = other.tag_id AND run_tag.counts = 'reject'
    WHERE wrong.counts <> 'reject' AND other.from_ts <= wrong.to_ts + %(one_poll)s
      AND other.to_ts >= wrong.from_ts - %(one_poll)s
)
SELECT 1 AS number, tag_id, odometer_from, odometer_to, run_id, from_ts, to_ts, parts, kind, counts FROM wrong
UNION ALL
SELECT 2, tag_id, odometer_from, odometer_to, run_id, from_ts, to_ts, parts, kind, counts FROM with_it
ORDER BY number, tag_id, odometer_from;

-- unbook --
DELETE FROM plant.booking
WHERE tag_id = %(tag_id)s AND odometer_from = %(odometer_from)s AND odometer_to = %(odometer_to)s AND run_id = %(run_id)s;

-- take_told_ranges --
DELETE FROM plant.told_range
WHERE tag_id = %(tag_id)s AND run_id = %(run_id)s AND odometer_from < %(odometer_to)s AND odometer_to > %(odometer_from)s
RETURNING tag_id, odometer_from, odometer_to, run_id, event_id;

-- events_that_consumed --
-- By what was made, not by a scan.
SELECT DISTINCT event_id FROM plant.consumption
WHERE run_id = %(run_id)s AND reversed_by IS NULL AND position IS NOT NULL ORDER BY event_id;
