-- edges --
SELECT edge, online, last_message, age_s, clock_skew_s, stored_until, stored_age_s, devices, devices_offline FROM bi.edge ORDER BY edge;

-- silent_devices --
SELECT edge.node AS edge, device.name FROM plant.device JOIN plant.edge USING (edge_id)
WHERE NOT device.online ORDER BY 1, 2 LIMIT 20;

-- quarantine --
SELECT edge, reason, sum(rows)::bigint AS count, max(received_time) AS newest FROM bi.quarantine
GROUP BY edge, reason ORDER BY newest DESC LIMIT 20;

-- gaps --
SELECT edge, count(*) AS gaps, sum(count) AS readings, max(to_ts) AS newest,
       bool_or(reason = 'dropped') AS by_bounds
FROM bi.gap GROUP BY edge ORDER BY edge;

-- deliveries --
SELECT connector, state, count(*) AS count, max(waiting_s) AS oldest_s,
       (array_agg(problem ORDER BY created_time) FILTER (WHERE problem IS NOT NULL))[1] AS problem
FROM bi.erp_document WHERE state IN ('open', 'ready', 'sending', 'refused', 'unknown', 'modified')
GROUP BY connector, state ORDER BY connector, state IN ('refused', 'unknown', 'modified') DESC, state;
