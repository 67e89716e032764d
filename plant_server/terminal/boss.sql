-- day --
-- The business date that is asked for, else the one that runs now; from when to when; the same stretch of the day before, as far as
-- this day has come; and whether any machine was known in it.
WITH running AS (
    SELECT coalesce(%(day)s::date, (SELECT business_date FROM bi.shift WHERE from_ts <= now() AND to_ts > now() ORDER BY from_ts LIMIT 1),
                    (now() AT TIME ZONE %(zone)s)::date) AS today
), stretch AS (
    SELECT today, coalesce(min(shift.from_ts), today::timestamp AT TIME ZONE %(zone)s) AS from_ts,
           coalesce(max(shift.to_ts), (today + 1)::timestamp AT TIME ZONE %(zone)s) AS to_ts
    FROM running LEFT JOIN bi.shift ON shift.business_date = running.today
    GROUP BY today
), told AS (
    SELECT today, from_ts, to_ts, from_ts - interval '1 day' AS from_before,
           greatest(least(now(), to_ts), from_ts) - interval '1 day' AS to_before
    FROM stretch
)
SELECT today, from_ts, to_ts, from_before, to_before, now() AS read_time,
       EXISTS (SELECT FROM bi.machine_state AS known
               WHERE known.from_ts < to_before AND coalesce(known.to_ts, 'infinity') > from_before) AS knows_stops_before
FROM told;

-- hours --
-- Sums of today, and of yesterday until the same time; the hour that runs in proportion. Ratios are divided afterwards.
SELECT hour.business_date = %(today)s AS is_today, sum(share * good) AS good, sum(share * made) AS made, sum(share * scrap) AS scrap,
       sum(share * planned_busy_s) AS planned_busy_s, sum(share * producing_s) AS producing_s, sum(share * setup_s) AS setup_s,
       sum(share * unplanned_s) AS unplanned_s, sum(share * blocked_s) AS blocked_s, sum(share * unexplained_s) AS unexplained_s,
       sum(share * planned_run_s) AS planned_run_s, sum(share * unrated) AS unrated, max(as_of) AS as_of
FROM bi.machine_hour AS hour
CROSS JOIN LATERAL (SELECT CASE WHEN hour.business_date = %(today)s THEN 1 ELSE least(greatest(
    extract(epoch FROM now() - interval '1 day' - hour.from_ts)::float8
    / extract(epoch FROM hour.to_ts - hour.from_ts)::float8, 0), 1) END AS share) AS cut
WHERE hour.business_date IN (%(today)s, %(today)s::date - 1)
GROUP BY 1;

-- scrap --
SELECT reason, name_en, name_zh, sum(quantity) AS quantity FROM bi.scrap
WHERE time >= %(from_ts)s AND time < %(to_ts)s
GROUP BY reason, name_en, name_zh HAVING sum(quantity) > 0 ORDER BY quantity DESC, reason LIMIT 1;

-- due --
-- What has to be made by the end of today to be in time; what ended before today is done with. The farthest behind first.
SELECT work_order, quantity, least(good, quantity) AS good FROM bi.work_order
WHERE due_time < %(to_ts)s AND state NOT IN ('cancelled', 'aborted') AND (ended_time IS NULL OR ended_time >= %(from_ts)s)
ORDER BY quantity - good DESC, work_order;

-- late --
SELECT work_order, due_time, remaining, is_late FROM bi.work_order
WHERE ended_time IS NULL AND (is_late OR is_at_risk) ORDER BY is_late DESC, due_time, work_order;

-- late_before --
-- How many were late at this time yesterday, by the due times known now; null: no order was known then. Of the table, as the view
-- does not say since when an order is known: one that arrives overdue was not late before it came.
SELECT CASE WHEN count(*) > 0 THEN count(*) FILTER (WHERE due_time < day_ago.time AND coalesce(ended_time, 'infinity') > day_ago.time) END
       AS late
FROM plant.work_order CROSS JOIN (SELECT now() - interval '1 day' AS time) AS day_ago
WHERE created_time <= day_ago.time;

-- stops --
-- The three machines that stood longest today, each with the reason that cost most. `longest`: of all its reasons.
SELECT machine, sum(stood_s) AS stood_s, bool_or(is_open) AS is_open,
       (array_agg(reason ORDER BY stood_s DESC, reason))[1] AS reason,
       (array_agg(name_en ORDER BY stood_s DESC, reason))[1] AS name_en,
       (array_agg(name_zh ORDER BY stood_s DESC, reason))[1] AS name_zh, max(as_of) AS as_of
FROM (
    SELECT machine, reason, name_en, name_zh, bool_or(to_ts IS NULL) AS is_open, max(as_of) AS as_of,
           sum(extract(epoch FROM least(coalesce(to_ts, now()), %(to_ts)s) - greatest(from_ts, %(from_ts)s)))::float8 AS stood_s
    FROM bi.stop WHERE span && tstzrange(%(from_ts)s, %(to_ts)s) AND stop_time IS DISTINCT FROM 'planned'
    GROUP BY machine, reason, name_en, name_zh
) AS told
GROUP BY machine HAVING sum(stood_s) >= 60 ORDER BY stood_s DESC, machine LIMIT 3;

-- open_points --
-- What waits for somebody, in the order in which it hurts.
SELECT
    -- An odometer's case is an alarm too, and is told as a case.
    (SELECT count(*) FROM bi.alarm WHERE cleared_time IS NULL AND kind <> 'odometer_case') AS alarms,
    (SELECT count(*) FROM bi.stop WHERE reason IS NULL AND NOT is_micro AND span && tstzrange(%(from_ts)s, %(to_ts)s)) AS stops,
    (SELECT count(*) FROM bi.odometer_case WHERE state = 'open') AS cases,
    (SELECT count(*) FROM bi.not_assigned) AS not_assigned,
    (SELECT count(*) FROM bi.erp_document WHERE state IN ('refused', 'unknown', 'modified')) AS documents;

-- calls --
-- Calls for help: how many go on, nobody answers, nobody answered at this time yesterday, were made today; and the oldest
-- of those that nobody answers. Late ones are none: nobody could answer them.
SELECT count(*) FILTER (WHERE ended_time IS NULL) AS open, count(*) FILTER (WHERE state = 'open') AS unanswered,
       count(*) FILTER (WHERE raised_time <= day_ago.time AND coalesce(acknowledged_time, 'infinity') > day_ago.time
                              AND coalesce(ended_time, 'infinity') > day_ago.time) AS before,
       count(*) FILTER (WHERE raised_time >= %(from_ts)s) AS today,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY response_s) FILTER (WHERE raised_time >= %(from_ts)s) AS median_s,
       min(raised_time) FILTER (WHERE state = 'open') AS since,
       (array_agg(machine ORDER BY raised_time) FILTER (WHERE state = 'open'))[1] AS machine,
       (array_agg(type ORDER BY raised_time) FILTER (WHERE state = 'open'))[1] AS type
FROM bi.andon_call CROSS JOIN (SELECT now() - interval '1 day' AS time) AS day_ago
WHERE NOT is_late AND (raised_time >= least(%(from_ts)s, day_ago.time) OR ended_time IS NULL OR ended_time > day_ago.time);

-- energy --
-- Of runs that ended today, and of those of the whole day before; the item that needs most per part first.
SELECT item, item_en, item_zh, to_time >= %(from_ts)s AS is_today, sum(energy_wh) AS energy_wh, sum(good) AS good, max(as_of) AS as_of
FROM bi.energy_run
WHERE to_time >= %(from_ts)s - interval '1 day' AND to_time < %(to_ts)s AND meters > 0
GROUP BY 1, 2, 3, 4 ORDER BY sum(energy_wh) / nullif(sum(good), 0) DESC NULLS LAST;
