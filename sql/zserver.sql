-- Functions that PostgreSQL does not have, written by hand. They are in pg_catalog, so
-- that no schema is there that clients do not expect, and their names begin with zserver_.

-- Transactions over several servers: see src/coordinator and the README.
CREATE FUNCTION pg_catalog.zserver_add_server(name text, conninfo text) RETURNS void LANGUAGE internal VOLATILE STRICT AS 'zserver_add_server' SET oid = 9801;
CREATE FUNCTION pg_catalog.zserver_drop_server(name text) RETURNS void LANGUAGE internal VOLATILE STRICT AS 'zserver_drop_server' SET oid = 9802;
CREATE FUNCTION pg_catalog.zserver_servers(OUT name text, OUT conninfo text) RETURNS SETOF record LANGUAGE internal STABLE STRICT AS 'zserver_servers' SET oid = 9803;
CREATE FUNCTION pg_catalog.zserver_execute(server text, command text) RETURNS int8 LANGUAGE internal VOLATILE STRICT AS 'zserver_execute' SET oid = 9804;
CREATE FUNCTION pg_catalog.zserver_query(server text, query text) RETURNS SETOF text[] LANGUAGE internal VOLATILE STRICT AS 'zserver_query' SET oid = 9805;
CREATE FUNCTION pg_catalog.zserver_in_doubt(OUT server text, OUT gid text, OUT decided timestamptz) RETURNS SETOF record LANGUAGE internal VOLATILE STRICT AS 'zserver_in_doubt' SET oid = 9806;

-- What the server is at: see the README.
CREATE FUNCTION pg_catalog.zserver_snapshots(OUT snapshot int8, OUT taken timestamptz, OUT bytes_since int8, OUT bytes_max int8, OUT pids int4[]) RETURNS SETOF record LANGUAGE internal VOLATILE STRICT AS 'zserver_snapshots' SET oid = 9811;
CREATE FUNCTION pg_catalog.zserver_commits(OUT groups int8, OUT transactions int8, OUT largest_group int8, OUT bytes int8, OUT syncs int8, OUT sync_us int8, OUT sync_us_max int8, OUT sync_us_p50 int8, OUT sync_us_p99 int8) RETURNS SETOF record LANGUAGE internal VOLATILE STRICT AS 'zserver_commits' SET oid = 9812;
