-- Collections: tables of points that HTTP makes and searches, and that SQL reads and writes
-- like any others. A collection is a table with the columns id, payload, and one for each
-- vector; `registry` says what HTTP has to know beside.

CREATE TABLE registry (
    name text PRIMARY KEY CHECK (name <> ''),
    relation regclass NOT NULL,
    -- integer, uuid or text, or `point`: unsigned integers and UUIDs, both kept as uuid.
    id_type text NOT NULL CHECK (id_type IN ('integer', 'uuid', 'text', 'point')),
    -- [{"name", "column", "type", "size", "distance", …}]
    vectors jsonb NOT NULL,
    -- Typed columns beside the payload: [{"name", "type"}].
    columns jsonb NOT NULL DEFAULT '[]',
    -- {"key": {"type", "indexes"}}
    payload_indexes jsonb NOT NULL DEFAULT '{}',
    options jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE aliases (
    alias text PRIMARY KEY CHECK (alias <> ''),
    collection text NOT NULL REFERENCES registry (name) ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX ON aliases (collection);
SELECT pg_catalog.pg_extension_config_dump('registry', '');
SELECT pg_catalog.pg_extension_config_dump('aliases', '');

-- Whether the current role owns a table, or is a member of the role that does.
CREATE FUNCTION owns(regclass) RETURNS boolean LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$ SELECT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) $1::pg_catalog.oid AND pg_catalog.pg_has_role(c.relowner, 'USAGE')) $$;
-- Forgets collections whose tables were dropped.
CREATE FUNCTION forget_dropped() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ WITH gone AS (
        DELETE FROM collections.registry r WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = r.relation) RETURNING 1
    ) SELECT count(*) FROM gone $$;

-- Who may read a collection's table sees that it is one; who owns it says what it is.
ALTER TABLE registry ENABLE ROW LEVEL SECURITY;
CREATE POLICY readers ON registry FOR SELECT USING (has_table_privilege(relation, 'SELECT'));
CREATE POLICY owners ON registry USING (owns(relation)) WITH CHECK (owns(relation));
ALTER TABLE aliases ENABLE ROW LEVEL SECURITY;
CREATE POLICY readers ON aliases FOR SELECT
    USING (EXISTS (SELECT FROM registry r WHERE r.name = collection));
CREATE POLICY owners ON aliases
    USING (EXISTS (SELECT FROM registry r WHERE r.name = collection AND owns(r.relation)))
    WITH CHECK (EXISTS (SELECT FROM registry r WHERE r.name = collection AND owns(r.relation)));
GRANT SELECT, INSERT, UPDATE, DELETE ON registry, aliases TO PUBLIC;
GRANT USAGE ON SCHEMA collections TO PUBLIC;

-- Point ids: 42 and a UUID, as one uuid (the first eight bytes of a number's are zero).
CREATE FUNCTION point_id(text) RETURNS uuid LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'collections_point_id';
CREATE FUNCTION point_text(uuid) RETURNS text LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'collections_point_text';

-- A condition on a payload in the words of the filters over HTTP:
-- {"key": "a.b[].c", "match": {"value": 1}}, {"nested": …}, {"must": […]} …
CREATE FUNCTION matches(payload jsonb, condition jsonb) RETURNS boolean LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'collections_matches';
-- What a key holds, as an array; arrays are taken apart one level.
CREATE FUNCTION payload_values(payload jsonb, key text) RETURNS jsonb LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'collections_values';
-- The same as numbers to order by; instants are microseconds since 1970.
CREATE FUNCTION order_values(payload jsonb, key text) RETURNS float8[] LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'collections_order_values';
-- The smallest and the largest number (or instant, by kind 'time') that a key holds: what an index of it is over.
CREATE FUNCTION payload_lowest(payload jsonb, key text, kind text) RETURNS float8 LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'collections_lowest';
CREATE FUNCTION payload_highest(payload jsonb, key text, kind text) RETURNS float8 LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'collections_highest';
-- The payload with the members of another; null removes one. `key` says where, the payload itself by ''.
CREATE FUNCTION payload_set(payload jsonb, key text, value jsonb) RETURNS jsonb LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'collections_set';
CREATE FUNCTION payload_delete(payload jsonb, keys text[]) RETURNS jsonb LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'collections_delete';
CREATE FUNCTION payload_include(payload jsonb, keys text[]) RETURNS jsonb LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'collections_include';
CREATE FUNCTION payload_exclude(payload jsonb, keys text[]) RETURNS jsonb LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'collections_exclude';
