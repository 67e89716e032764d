-- tables --
-- Every table with rows of its own; a partitioned one stands for its parts. Size in bytes, for a progress bar.
SELECT namespace.nspname AS schema, class.relname AS name,
       pg_total_relation_size(class.oid)
       + coalesce((SELECT sum(pg_total_relation_size(part.relid)) FROM pg_partition_tree(class.oid) AS part), 0)::bigint
       AS size
FROM pg_class AS class JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
WHERE namespace.nspname = ANY (%(schemas)s) AND class.relkind IN ('r', 'p') AND NOT class.relispartition
ORDER BY 1, 2;

-- server --
SELECT current_setting('server_version_num')::integer / 10000;

-- snapshot --
SELECT pg_export_snapshot();

-- hypertables --
-- Rows of a hypertable lie outside our schemas.
SELECT count(*) FROM _timescaledb_catalog.hypertable WHERE schema_name = ANY (%(schemas)s);

-- timescale_catalog --
SELECT to_regclass('_timescaledb_catalog.hypertable') IS NOT NULL;

-- plant_migrations --
SELECT number::text, sha256 FROM migration.applied ORDER BY number;

-- bridge_migrations --
SELECT name, sha256 FROM bridge.applied ORDER BY name;

-- head --
SELECT position, hash FROM plant.event_chain ORDER BY position DESC LIMIT 1;

-- schemas_there --
SELECT nspname FROM pg_namespace WHERE nspname = ANY (%(schemas)s) ORDER BY 1;

-- working_here --
-- Our own processes in this database, whoever they signed in as.
SELECT DISTINCT application_name FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'lineside %'
  AND application_name NOT IN ('lineside backup', 'lineside restore')
ORDER BY 1;

-- make_ready --
-- What the dump of our schemas does not hold: migration 0001 does the same.
CREATE EXTENSION IF NOT EXISTS btree_gist;
REVOKE ALL ON SCHEMA public FROM PUBLIC;

-- role_settings --
SELECT rolname, setconfig FROM pg_db_role_setting JOIN pg_roles ON pg_roles.oid = setrole
WHERE setdatabase = 0 AND rolname = ANY (%(roles)s);

-- creators --
SELECT nspname, array_agg(role ORDER BY role)
FROM pg_namespace CROSS JOIN unnest(%(roles)s::text[]) AS role
WHERE nspname = ANY (%(schemas)s) AND has_schema_privilege(role, pg_namespace.oid, 'CREATE')
  AND pg_get_userbyid(nspowner) <> role
GROUP BY 1;

-- owners --
SELECT nspname, pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = ANY (%(schemas)s);

-- restoring --
-- Until this session ends: a bridge that comes back meanwhile sees it, and sends nothing of a plant that is half there.
SELECT pg_advisory_lock(hashtextextended('lineside.restore', 0));

-- note_restoration --
-- The bridge holds back what it would tell until a person releases it.
INSERT INTO plant.restoration (backup_time) VALUES (%(backup_time)s);
