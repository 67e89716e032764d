-- edges --
-- A device with contact tells its heartbeat at each poll: if what is stored of an edge that is heard grows old, more waits there.
SELECT edge, online, last_message, age_s, clock_skew_s, stored_until, stored_age_s, devices, devices_offline,
       coalesce(online AND age_s < 60 AND devices_offline < devices AND stored_age_s > 300, false) AS waits_long
FROM bi.edge ORDER BY edge;

-- spools --
-- The fullest first, and last those that do not tell.
SELECT edge, coalesce(is_heard, false) AS is_heard, waiting, oldest_age_s, used_bytes, bound_bytes, used_ratio, disk_free_bytes,
       disk_is_low, told.age_s, used_ratio >= %(full_ratio)s AS is_full
FROM bi.edge LEFT JOIN bi.edge_spool AS told USING (group_id, edge) ORDER BY used_ratio DESC NULLS LAST, edge;

-- devices --
-- Silent ones first; only those that are shown look up their state and newest reading.
WITH known AS (
    SELECT device.device_id, edge.node AS edge, device.name, edge_heard, edge_heard AND coalesce(device.online, false) AS contact
    FROM plant.device JOIN plant.edge USING (edge_id)
    CROSS JOIN LATERAL (SELECT edge.online AND coalesce(
        edge.last_message > now() - make_interval(secs => edge.contact_lost_s), false) AS edge_heard) AS heard),
shown AS (
    SELECT *, count(*) OVER () AS total, count(*) FILTER (WHERE NOT contact) OVER () AS silent,
           bool_or(edge_heard AND NOT contact) OVER () AS some_device_lost, bool_or(NOT edge_heard) OVER () AS some_edge_lost
    FROM known ORDER BY contact, edge, name, device_id LIMIT 50)
SELECT shown.*, present.state, extract(epoch FROM now() - reading.newest)::float8 AS reading_age_s
FROM shown
LEFT JOIN LATERAL (SELECT state FROM plant.machine_state_interval AS told WHERE told.device_id = shown.device_id
                   ORDER BY from_ts DESC LIMIT 1) AS present ON true
CROSS JOIN LATERAL (SELECT max(ts) AS newest FROM plant.last_value JOIN plant.tag USING (tag_id)
                    WHERE tag.device_id = shown.device_id AND quality & ~1 = 192) AS reading
ORDER BY contact, edge, name, device_id;

-- quarantine --
SELECT edge, reason, sum(rows)::bigint AS count, max(received_time) AS newest FROM bi.quarantine
GROUP BY edge, reason ORDER BY newest DESC LIMIT 20;

-- gaps --
SELECT edge, reason, count(*) AS gaps, sum(count) AS readings, max(to_ts) AS newest
FROM bi.gap GROUP BY edge, reason ORDER BY edge, reason LIMIT 100;

-- deliveries --
SELECT connector, state, count(*) AS count, max(waiting_s) AS oldest_s,
       (array_agg(problem ORDER BY created_time) FILTER (WHERE problem IS NOT NULL))[1] AS problem
FROM bi.erp_document WHERE state IN ('open', 'ready', 'sending', 'refused', 'unknown', 'modified')
GROUP BY connector, state ORDER BY connector, state IN ('refused', 'unknown', 'modified') DESC, state;
