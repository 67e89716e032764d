-- server --
SELECT current_setting('server_version'), current_setting('server_version_num')::integer / 10000,
       extract(epoch FROM clock_timestamp())::float8,
       (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'),
       (SELECT default_version FROM pg_available_extensions WHERE name = 'timescaledb');

-- process --
-- Sessions of one of our processes here, and for how long the busiest of them has asked nothing.
SELECT count(*), extract(epoch FROM min(clock_timestamp() - coalesce(state_change, backend_start)))::float8
FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE %(name)s;

-- edges --
SELECT node, coalesce(online, false), extract(epoch FROM now() - last_message)::float8, coalesce(clock_skew_s, 0)
FROM plant.edge ORDER BY node;

-- cursor --
SELECT extract(epoch FROM now() - max(moved_time))::float8 FROM plant.edge_cursor;

-- gaps --
SELECT edge.node, gap.reason, count(*) FROM plant.gap AS gap JOIN plant.edge USING (edge_id)
WHERE gap.stored_time > now() - interval '1 day' GROUP BY 1, 2 ORDER BY 1, 2;

-- spools --
-- As each edge told last; no row for one that does not tell.
SELECT edge, is_heard, age_s, used_ratio, disk_is_low, disk_free_bytes FROM bi.edge_spool ORDER BY used_ratio DESC, edge;

-- quarantine --
SELECT count(*) FROM plant.quarantine WHERE received_time > now() - interval '7 days';

-- unsealed --
SELECT count(*), extract(epoch FROM now() - min(recorded_time))::float8 FROM plant.unsealed;

-- outbox --
SELECT count(*), extract(epoch FROM now() - min(not_before))::float8 FROM plant.outbox WHERE not_before <= now();

-- alarms --
-- By kind, with the first few of what each is about; of a counter its name, which the alarm keeps by number.
SELECT alarm.kind, count(*), (array_agg(coalesce(counter.name, alarm.subject) ORDER BY alarm.alarm_id))[1:3],
       (array_agg(alarm.detail ORDER BY alarm.alarm_id))[1]
FROM plant.alarm AS alarm
LEFT JOIN LATERAL (
    SELECT concat_ws('/', device.name, tag.name) AS name FROM plant.tag JOIN plant.device USING (device_id)
    WHERE alarm.kind = 'booking_overlap' AND tag.tag_id::text = alarm.subject
) AS counter ON true
WHERE alarm.cleared_time IS NULL GROUP BY 1 ORDER BY 1;

-- holds --
-- Since a restore, where a bridge ever worked: without one nobody is told anything.
SELECT array_agg(DISTINCT coalesce(connector, '?')), extract(epoch FROM now() - min(since))::float8, min(backup_time)
FROM bi.erp_hold
WHERE EXISTS (SELECT FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
              WHERE nspname = 'bridge' AND relname = 'applied')
HAVING count(*) > 0;
