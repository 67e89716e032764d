-- How full the spool of each edge is, as the edge told it last: one row an edge, no history.
SET ROLE lineside_plant;
CREATE TABLE plant.edge_spool (
    edge_id         integer PRIMARY KEY REFERENCES plant.edge,
    waiting         bigint NOT NULL,     -- entries the plant has not; those younger than 5 s are on their way, not waiting
    oldest_age_s    double precision,    -- of the oldest of them when it was told, by the edge's clock alone; null: none, or unknown
    used_bytes      bigint NOT NULL,
    bound_bytes     bigint NOT NULL,
    disk_free_bytes bigint,              -- of the file system the spool lies on; null: it does not say
    received_time   timestamptz NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE plant.edge_spool IS 'An edge tells it again when it changed, so a row holds for as long as the edge is heard. No row: its release does not tell';

CREATE VIEW bi.edge_spool AS
SELECT edge.group_id, edge.node AS edge,
       coalesce(edge.online AND edge.last_message > now() - make_interval(secs => edge.contact_lost_s), false) AS is_heard,
       told.waiting,
       told.oldest_age_s + extract(epoch FROM now() - told.received_time)::float8 AS oldest_age_s,
       told.used_bytes, told.bound_bytes, told.used_bytes::float8 / told.bound_bytes AS used_ratio, told.disk_free_bytes,
       told.disk_free_bytes < greatest(67108864, told.bound_bytes / 10) AS disk_is_low,
       extract(epoch FROM now() - greatest(told.received_time, edge.last_message))::float8 AS age_s,
       told.received_time, greatest(told.received_time, edge.last_message) AS as_of
FROM plant.edge_spool AS told JOIN plant.edge USING (edge_id);
COMMENT ON VIEW bi.edge_spool IS 'How full is the spool of each edge, and since when does what it holds wait for the plant? waiting: entries; used_ratio of its bound: from 0.8 on somebody should act, at 0.9 it begins to drop; disk_is_low: less than 64 MiB or a tenth of the bound is free where it lies; is_heard: false means as it was at as_of. No row: the edge does not tell';
GRANT SELECT ON bi.edge_spool TO lineside_bi;
RESET ROLE;
