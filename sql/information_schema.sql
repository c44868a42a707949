-- The information schema of the SQL standard, over pg_catalog.
--
-- The columns are PostgreSQL 15's, of the standard's domains (sql_identifier,
-- yes_or_no ...). The queries give the domains' base types, which is what clients see
-- of them in any case, so no row is checked.

CREATE SCHEMA information_schema;
COMMENT ON SCHEMA information_schema IS 'OID = 13207';

CREATE DOMAIN information_schema.cardinal_number AS integer CONSTRAINT cardinal_number_domain_check CHECK ('(VALUE >= 0)');
COMMENT ON DOMAIN information_schema.cardinal_number IS 'OID = 13221, ARRAY_OID = 13220, CHECK_OID = 13222';
CREATE DOMAIN information_schema.character_data AS character varying COLLATE "C";
COMMENT ON DOMAIN information_schema.character_data IS 'OID = 13224, ARRAY_OID = 13223';
CREATE DOMAIN information_schema.sql_identifier AS name;
COMMENT ON DOMAIN information_schema.sql_identifier IS 'OID = 13226, ARRAY_OID = 13225';
CREATE DOMAIN information_schema.time_stamp AS timestamp(2) with time zone DEFAULT 'CURRENT_TIMESTAMP(2)';
COMMENT ON DOMAIN information_schema.time_stamp IS 'OID = 13232, ARRAY_OID = 13231';
CREATE DOMAIN information_schema.yes_or_no AS character varying(3) COLLATE "C" CONSTRAINT yes_or_no_check CHECK ('((VALUE)::text = ANY ((ARRAY[''YES''::character varying, ''NO''::character varying])::text[]))');
COMMENT ON DOMAIN information_schema.yes_or_no IS 'OID = 13234, ARRAY_OID = 13233, CHECK_OID = 13235';

-- Elements of a vector or array with their positions, counted from 1.
CREATE FUNCTION information_schema._pg_expandarray(anyarray, OUT x anyelement, OUT n int4) RETURNS SETOF record LANGUAGE internal IMMUTABLE STRICT AS '_pg_expandarray' SET oid = 13208;

CREATE VIEW information_schema.information_schema_catalog_name (
    catalog_name
) WITH (oid = 13227, row_type = 13229, array_type = 13228, columns = 'information_schema.sql_identifier') AS
SELECT current_database()::name;

CREATE VIEW information_schema.collations (
    collation_catalog, collation_schema, collation_name, pad_attribute
) WITH (oid = 13265, row_type = 13267, array_type = 13266, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data') AS
SELECT current_database()::name, n.nspname, c.collname, 'NO PAD'::varchar
FROM pg_collation c
JOIN pg_namespace n ON n.oid = c.collnamespace;

CREATE VIEW information_schema.columns (
    table_catalog, table_schema, table_name, column_name, ordinal_position, column_default,
    is_nullable, data_type, character_maximum_length, character_octet_length,
    numeric_precision, numeric_precision_radix, numeric_scale, datetime_precision,
    interval_type, interval_precision, character_set_catalog, character_set_schema,
    character_set_name, collation_catalog, collation_schema, collation_name, domain_catalog,
    domain_schema, domain_name, udt_catalog, udt_schema, udt_name, scope_catalog, scope_schema,
    scope_name, maximum_cardinality, dtd_identifier, is_self_referencing, is_identity,
    identity_generation, identity_start, identity_increment, identity_maximum,
    identity_minimum, identity_cycle, is_generated, generation_expression, is_updatable
) WITH (oid = 13295, row_type = 13297, array_type = 13296, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.cardinal_number, information_schema.character_data, information_schema.yes_or_no, information_schema.character_data, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.character_data, information_schema.cardinal_number, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.cardinal_number, information_schema.sql_identifier, information_schema.yes_or_no, information_schema.yes_or_no, information_schema.character_data, information_schema.character_data, information_schema.character_data, information_schema.character_data, information_schema.character_data, information_schema.yes_or_no, information_schema.character_data, information_schema.character_data, information_schema.yes_or_no') AS
SELECT current_database()::name, c.nspname, c.relname, c.attname, c.attnum::int4,
    CASE WHEN c.attgenerated = '' THEN pg_get_expr(c.adbin, c.adrelid) END::varchar,
    CASE WHEN c.attnotnull OR (c.typtype = 'd' AND c.typnotnull) THEN 'NO' ELSE 'YES' END::varchar(3),
    CASE
        WHEN c.elem <> 0 AND c.len = -1 THEN 'ARRAY'
        WHEN c.base_schema = 'pg_catalog' THEN format_type(c.typid, NULL)
        ELSE 'USER-DEFINED'
    END::varchar,
    CASE WHEN c.typmod <> -1 THEN
        CASE
            WHEN c.typid IN (1042, 1043) THEN c.typmod - 4
            WHEN c.typid IN (1560, 1562) THEN c.typmod
        END
    END,
    CASE WHEN c.typid IN (25, 1042, 1043) THEN
        CASE WHEN c.typmod = -1 THEN 1073741824 ELSE (c.typmod - 4) * 4 END
    END,
    CASE c.typid
        WHEN 21 THEN 16
        WHEN 23 THEN 32
        WHEN 20 THEN 64
        WHEN 1700 THEN CASE WHEN c.typmod <> -1 THEN ((c.typmod - 4) >> 16) & 65535 END
        WHEN 700 THEN 24
        WHEN 701 THEN 53
    END,
    CASE
        WHEN c.typid IN (21, 23, 20, 700, 701) THEN 2
        WHEN c.typid = 1700 THEN 10
    END,
    CASE
        WHEN c.typid IN (21, 23, 20) THEN 0
        WHEN c.typid = 1700 AND c.typmod <> -1 THEN (c.typmod - 4) & 65535
    END,
    CASE
        WHEN c.typid = 1082 THEN 0
        WHEN c.typid IN (1083, 1114, 1184, 1266) THEN
            CASE WHEN c.typmod < 0 THEN 6 ELSE c.typmod END
        WHEN c.typid = 1186 THEN
            CASE WHEN c.typmod < 0 OR c.typmod & 65535 = 65535 THEN 6 ELSE c.typmod & 65535 END
    END,
    CASE WHEN c.typid = 1186 THEN
        upper(nullif(regexp_replace(format_type(c.typid, c.typmod), '^interval(\(\d+\))? ?', ''), ''))
    END::varchar,
    NULL::int4, NULL::name, NULL::name, NULL::name,
    CASE WHEN c.collname IS NOT NULL THEN current_database()::name END, c.collation_schema, c.collname,
    CASE WHEN c.typtype = 'd' THEN current_database()::name END,
    CASE WHEN c.typtype = 'd' THEN c.type_schema END,
    CASE WHEN c.typtype = 'd' THEN c.typname END,
    current_database()::name, c.base_schema, c.base_name,
    NULL::name, NULL::name, NULL::name, NULL::int4,
    c.attnum::text::name, 'NO'::varchar(3),
    CASE WHEN c.attidentity IN ('a', 'd') THEN 'YES' ELSE 'NO' END::varchar(3),
    CASE c.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END::varchar,
    c.seqstart::text::varchar, c.seqincrement::text::varchar, c.seqmax::text::varchar,
    c.seqmin::text::varchar,
    CASE WHEN c.seqcycle THEN 'YES' ELSE 'NO' END::varchar(3),
    CASE WHEN c.attgenerated <> '' THEN 'ALWAYS' ELSE 'NEVER' END::varchar,
    CASE WHEN c.attgenerated <> '' THEN pg_get_expr(c.adbin, c.adrelid) END::varchar,
    CASE WHEN c.relkind IN ('r', 'p')
            OR (c.relkind IN ('v', 'f') AND pg_column_is_updatable(c.relid, c.attnum, false))
        THEN 'YES' ELSE 'NO' END::varchar(3)
FROM (
    SELECT n.nspname, r.oid AS relid, r.relname, r.relkind, a.attname, a.attnum, a.attnotnull, a.attidentity,
        a.attgenerated, d.adbin, d.adrelid, t.typtype, t.typnotnull, t.typname,
        nt.nspname AS type_schema,
        CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE a.atttypid END AS typid,
        CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END AS typmod,
        coalesce(b.typname, t.typname) AS base_name,
        coalesce(nb.nspname, nt.nspname) AS base_schema,
        coalesce(b.typelem, t.typelem) AS elem,
        coalesce(b.typlen, t.typlen) AS len,
        co.collname, nco.nspname AS collation_schema,
        s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcycle
    FROM pg_attribute a
    JOIN pg_class r ON r.oid = a.attrelid
    JOIN pg_namespace n ON n.oid = r.relnamespace
    JOIN pg_type t ON t.oid = a.atttypid
    JOIN pg_namespace nt ON nt.oid = t.typnamespace
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype
    LEFT JOIN pg_namespace nb ON nb.oid = b.typnamespace
    LEFT JOIN pg_collation co ON co.oid = a.attcollation AND co.collname <> 'default'
    LEFT JOIN pg_namespace nco ON nco.oid = co.collnamespace
    LEFT JOIN pg_depend o ON o.classid = 1259 AND o.refclassid = 1259 AND o.deptype = 'i'
        AND o.refobjid = a.attrelid AND o.refobjsubid = a.attnum AND a.attidentity <> ''
    LEFT JOIN pg_sequence s ON s.seqrelid = o.objid
    WHERE a.attnum > 0 AND NOT a.attisdropped
        AND r.relkind IN ('r', 'v', 'f', 'p')
        AND NOT pg_is_other_temp_schema(n.oid)
        AND (pg_has_role(r.relowner, 'USAGE')
            OR has_column_privilege(r.oid, a.attnum, 'SELECT, INSERT, UPDATE, REFERENCES'))
) c;

CREATE VIEW information_schema.constraint_column_usage (
    table_catalog, table_schema, table_name, column_name, constraint_catalog,
    constraint_schema, constraint_name
) WITH (oid = 13300, row_type = 13302, array_type = 13301, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier') AS
SELECT current_database()::name, nr.nspname, r.relname, a.attname, current_database()::name, nc.nspname, c.conname
FROM pg_constraint c
JOIN pg_namespace nc ON nc.oid = c.connamespace
JOIN pg_class r ON r.oid = CASE WHEN c.contype = 'f' THEN c.confrelid ELSE c.conrelid END
JOIN pg_namespace nr ON nr.oid = r.relnamespace
JOIN pg_attribute a ON a.attrelid = r.oid
    AND a.attnum = ANY (CASE WHEN c.contype = 'f' THEN c.confkey ELSE c.conkey END)
WHERE c.contype IN ('c', 'p', 'u', 'f') AND NOT a.attisdropped
    AND r.relkind IN ('r', 'p') AND pg_has_role(r.relowner, 'USAGE');

CREATE VIEW information_schema.constraint_table_usage (
    table_catalog, table_schema, table_name, constraint_catalog, constraint_schema,
    constraint_name
) WITH (oid = 13305, row_type = 13307, array_type = 13306, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier') AS
SELECT current_database()::name, nr.nspname, r.relname, current_database()::name, nc.nspname, c.conname
FROM pg_constraint c
JOIN pg_namespace nc ON nc.oid = c.connamespace
JOIN pg_class r ON r.oid = CASE WHEN c.contype = 'f' THEN c.confrelid ELSE c.conrelid END
JOIN pg_namespace nr ON nr.oid = r.relnamespace
WHERE c.contype IN ('p', 'u', 'f') AND r.relkind IN ('r', 'p') AND pg_has_role(r.relowner, 'USAGE');

CREATE VIEW information_schema.enabled_roles (
    role_name
) WITH (oid = 13325, row_type = 13327, array_type = 13326, columns = 'information_schema.sql_identifier') AS
SELECT a.rolname
FROM pg_authid a
WHERE pg_has_role(a.oid, 'USAGE');

CREATE VIEW information_schema.key_column_usage (
    constraint_catalog, constraint_schema, constraint_name, table_catalog, table_schema,
    table_name, column_name, ordinal_position, position_in_unique_constraint
) WITH (oid = 13329, row_type = 13331, array_type = 13330, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.cardinal_number, information_schema.cardinal_number') AS
SELECT current_database()::name, k.constraint_schema, k.conname, current_database()::name, k.table_schema, k.relname, a.attname,
    k.position::int4,
    CASE WHEN k.contype = 'f' THEN array_position(k.indkey, k.confkey[k.position]) + 1 END::int4
FROM (
    SELECT nc.nspname AS constraint_schema, c.conname, nr.nspname AS table_schema, r.relname,
        r.relowner, r.oid AS relid, c.contype, c.conkey, c.confkey, i.indkey,
        generate_subscripts(c.conkey, 1) AS position
    FROM pg_constraint c
    JOIN pg_namespace nc ON nc.oid = c.connamespace
    JOIN pg_class r ON r.oid = c.conrelid
    JOIN pg_namespace nr ON nr.oid = r.relnamespace
    LEFT JOIN pg_index i ON i.indexrelid = c.conindid
    WHERE c.contype IN ('p', 'u', 'f') AND r.relkind IN ('r', 'p')
        AND NOT pg_is_other_temp_schema(nr.oid)
) k
JOIN pg_attribute a ON a.attrelid = k.relid AND a.attnum = k.conkey[k.position]
WHERE NOT a.attisdropped
    AND (pg_has_role(k.relowner, 'USAGE')
        OR has_column_privilege(k.relid, a.attnum, 'SELECT, INSERT, UPDATE, REFERENCES'));

CREATE VIEW information_schema.parameters (
    specific_catalog, specific_schema, specific_name, ordinal_position, parameter_mode,
    is_result, as_locator, parameter_name, data_type, character_maximum_length,
    character_octet_length, character_set_catalog, character_set_schema, character_set_name,
    collation_catalog, collation_schema, collation_name, numeric_precision,
    numeric_precision_radix, numeric_scale, datetime_precision, interval_type,
    interval_precision, udt_catalog, udt_schema, udt_name, scope_catalog, scope_schema,
    scope_name, maximum_cardinality, dtd_identifier, parameter_default
) WITH (oid = 13334, row_type = 13336, array_type = 13335, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.cardinal_number, information_schema.character_data, information_schema.yes_or_no, information_schema.yes_or_no, information_schema.sql_identifier, information_schema.character_data, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.character_data, information_schema.cardinal_number, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.cardinal_number, information_schema.sql_identifier, information_schema.character_data') AS
SELECT current_database()::name, p.nspname, (p.proname || '_' || p.oid)::name, p.position::int4,
    CASE
        WHEN p.proargmodes IS NULL THEN 'IN'
        WHEN p.proargmodes[p.position] IN ('i', 'v') THEN 'IN'
        WHEN p.proargmodes[p.position] IN ('o', 't') THEN 'OUT'
        WHEN p.proargmodes[p.position] = 'b' THEN 'INOUT'
    END::varchar,
    'NO'::varchar(3), 'NO'::varchar(3), nullif(p.proargnames[p.position], '')::name,
    CASE
        WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'ARRAY'
        WHEN nt.nspname = 'pg_catalog' THEN format_type(t.oid, NULL)
        ELSE 'USER-DEFINED'
    END::varchar,
    NULL::integer, NULL::integer, NULL::name, NULL::name, NULL::name, NULL::name, NULL::name,
    NULL::name, NULL::integer, NULL::integer, NULL::integer, NULL::integer,
    NULL::character varying, NULL::integer, current_database()::name, nt.nspname, t.typname,
    NULL::name, NULL::name, NULL::name, NULL::integer, p.position::text::name,
    CASE WHEN pg_has_role(p.proowner, 'USAGE') THEN pg_get_function_arg_default(p.oid, p.position) END::varchar
FROM (
    SELECT n.nspname, f.proname, f.oid, f.proowner, f.proargnames, f.proargmodes,
        coalesce(f.proallargtypes, f.proargtypes::oid[]) AS types,
        generate_series(1, coalesce(array_length(f.proallargtypes, 1), f.pronargs::int4)) AS position
    FROM pg_proc f
    JOIN pg_namespace n ON n.oid = f.pronamespace
    WHERE pg_has_role(f.proowner, 'USAGE') OR has_function_privilege(f.oid, 'EXECUTE')
) p
JOIN pg_type t ON t.oid = p.types[CASE WHEN p.proargmodes IS NULL THEN p.position - 1 ELSE p.position END]
JOIN pg_namespace nt ON nt.oid = t.typnamespace;

CREATE VIEW information_schema.referential_constraints (
    constraint_catalog, constraint_schema, constraint_name, unique_constraint_catalog,
    unique_constraint_schema, unique_constraint_name, match_option, update_rule, delete_rule
) WITH (oid = 13339, row_type = 13341, array_type = 13340, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data, information_schema.character_data, information_schema.character_data') AS
SELECT current_database()::name, nc.nspname, c.conname,
    CASE WHEN k.conname IS NOT NULL THEN current_database()::name END, nk.nspname, k.conname,
    CASE c.confmatchtype WHEN 'f' THEN 'FULL' WHEN 'p' THEN 'PARTIAL' WHEN 's' THEN 'NONE' END::varchar,
    CASE c.confupdtype
        WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT'
        WHEN 'r' THEN 'RESTRICT' WHEN 'a' THEN 'NO ACTION'
    END::varchar,
    CASE c.confdeltype
        WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT'
        WHEN 'r' THEN 'RESTRICT' WHEN 'a' THEN 'NO ACTION'
    END::varchar
FROM pg_constraint c
JOIN pg_namespace nc ON nc.oid = c.connamespace
JOIN pg_class r ON r.oid = c.conrelid
LEFT JOIN pg_constraint k ON k.conindid = c.conindid AND k.contype IN ('p', 'u')
LEFT JOIN pg_namespace nk ON nk.oid = k.connamespace
WHERE c.contype = 'f' AND (pg_has_role(r.relowner, 'USAGE')
        OR has_table_privilege(r.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
        OR has_any_column_privilege(r.oid, 'INSERT, UPDATE, REFERENCES'));

CREATE VIEW information_schema.routines (
    specific_catalog, specific_schema, specific_name, routine_catalog, routine_schema,
    routine_name, routine_type, module_catalog, module_schema, module_name, udt_catalog,
    udt_schema, udt_name, data_type, character_maximum_length, character_octet_length,
    character_set_catalog, character_set_schema, character_set_name, collation_catalog,
    collation_schema, collation_name, numeric_precision, numeric_precision_radix,
    numeric_scale, datetime_precision, interval_type, interval_precision, type_udt_catalog,
    type_udt_schema, type_udt_name, scope_catalog, scope_schema, scope_name,
    maximum_cardinality, dtd_identifier, routine_body, routine_definition, external_name,
    external_language, parameter_style, is_deterministic, sql_data_access, is_null_call,
    sql_path, schema_level_routine, max_dynamic_result_sets, is_user_defined_cast,
    is_implicitly_invocable, security_type, to_sql_specific_catalog, to_sql_specific_schema,
    to_sql_specific_name, as_locator, created, last_altered, new_savepoint_level,
    is_udt_dependent, result_cast_from_data_type, result_cast_as_locator,
    result_cast_char_max_length, result_cast_char_octet_length, result_cast_char_set_catalog,
    result_cast_char_set_schema, result_cast_char_set_name, result_cast_collation_catalog,
    result_cast_collation_schema, result_cast_collation_name, result_cast_numeric_precision,
    result_cast_numeric_precision_radix, result_cast_numeric_scale,
    result_cast_datetime_precision, result_cast_interval_type, result_cast_interval_precision,
    result_cast_type_udt_catalog, result_cast_type_udt_schema, result_cast_type_udt_name,
    result_cast_scope_catalog, result_cast_scope_schema, result_cast_scope_name,
    result_cast_maximum_cardinality, result_cast_dtd_identifier
) WITH (oid = 13377, row_type = 13379, array_type = 13378, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.character_data, information_schema.cardinal_number, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.cardinal_number, information_schema.sql_identifier, information_schema.character_data, information_schema.character_data, information_schema.character_data, information_schema.character_data, information_schema.character_data, information_schema.yes_or_no, information_schema.character_data, information_schema.yes_or_no, information_schema.character_data, information_schema.yes_or_no, information_schema.cardinal_number, information_schema.yes_or_no, information_schema.yes_or_no, information_schema.character_data, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.yes_or_no, information_schema.time_stamp, information_schema.time_stamp, information_schema.yes_or_no, information_schema.yes_or_no, information_schema.character_data, information_schema.yes_or_no, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.character_data, information_schema.cardinal_number, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.cardinal_number, information_schema.sql_identifier') AS
SELECT current_database()::name, n.nspname, (p.proname || '_' || p.oid)::name,
    current_database()::name, n.nspname, p.proname,
    CASE p.prokind WHEN 'f' THEN 'FUNCTION' WHEN 'p' THEN 'PROCEDURE' END::varchar, NULL::name,
    NULL::name, NULL::name, NULL::name, NULL::name, NULL::name,
    CASE
        WHEN p.prokind = 'p' THEN NULL
        WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'ARRAY'
        WHEN nt.nspname = 'pg_catalog' THEN format_type(t.oid, NULL)
        ELSE 'USER-DEFINED'
    END::varchar,
    NULL::integer, NULL::integer, NULL::name, NULL::name, NULL::name, NULL::name, NULL::name,
    NULL::name, NULL::integer, NULL::integer, NULL::integer, NULL::integer,
    NULL::character varying, NULL::integer,
    CASE WHEN nt.nspname IS NOT NULL THEN current_database()::name END, nt.nspname, t.typname,
    NULL::name, NULL::name, NULL::name, NULL::integer,
    CASE WHEN p.prokind <> 'p' THEN '0' END::name,
    CASE WHEN l.lanname = 'sql' THEN 'SQL' ELSE 'EXTERNAL' END::varchar,
    CASE WHEN pg_has_role(p.proowner, 'USAGE') THEN p.prosrc END::varchar,
    CASE WHEN l.lanname = 'c' THEN p.prosrc END::varchar, upper(l.lanname::text)::varchar,
    'GENERAL'::varchar, CASE WHEN p.provolatile = 'i' THEN 'YES' ELSE 'NO' END::varchar(3),
    'MODIFIES'::varchar,
    CASE WHEN p.prokind <> 'p' THEN CASE WHEN p.proisstrict THEN 'YES' ELSE 'NO' END END::varchar(3),
    NULL::character varying, 'YES'::varchar(3), 0, NULL::varchar(3),
    NULL::character varying(3),
    CASE WHEN p.prosecdef THEN 'DEFINER' ELSE 'INVOKER' END::varchar, NULL::name, NULL::name,
    NULL::name, 'NO'::varchar(3), NULL::timestamp(2) with time zone,
    NULL::timestamp(2) with time zone, NULL::character varying(3), 'NO'::varchar(3),
    NULL::character varying, NULL::character varying(3), NULL::integer, NULL::integer,
    NULL::name, NULL::name, NULL::name, NULL::name, NULL::name, NULL::name, NULL::integer,
    NULL::integer, NULL::integer, NULL::integer, NULL::character varying, NULL::integer,
    NULL::name, NULL::name, NULL::name, NULL::name, NULL::name, NULL::name, NULL::integer,
    NULL::name
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN pg_language l ON l.oid = p.prolang
LEFT JOIN pg_type t ON p.prokind <> 'p' AND t.oid = p.prorettype
LEFT JOIN pg_namespace nt ON nt.oid = t.typnamespace
WHERE pg_has_role(p.proowner, 'USAGE') OR has_function_privilege(p.oid, 'EXECUTE');

CREATE VIEW information_schema.schemata (
    catalog_name, schema_name, schema_owner, default_character_set_catalog,
    default_character_set_schema, default_character_set_name, sql_path
) WITH (oid = 13382, row_type = 13384, array_type = 13383, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data') AS
SELECT current_database()::name, n.nspname, r.rolname, NULL::name, NULL::name, NULL::name, NULL::varchar
FROM pg_namespace n
JOIN pg_authid r ON r.oid = n.nspowner
WHERE pg_has_role(n.nspowner, 'USAGE') OR has_schema_privilege(n.oid, 'CREATE, USAGE');

CREATE VIEW information_schema.sequences (
    sequence_catalog, sequence_schema, sequence_name, data_type, numeric_precision,
    numeric_precision_radix, numeric_scale, start_value, minimum_value, maximum_value,
    increment, cycle_option
) WITH (oid = 13386, row_type = 13388, array_type = 13387, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.character_data, information_schema.character_data, information_schema.character_data, information_schema.character_data, information_schema.yes_or_no') AS
SELECT current_database()::name, n.nspname, c.relname, format_type(s.seqtypid, NULL)::varchar,
    CASE s.seqtypid WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64 END, 2, 0,
    s.seqstart::text::varchar, s.seqmin::text::varchar, s.seqmax::text::varchar,
    s.seqincrement::text::varchar, CASE WHEN s.seqcycle THEN 'YES' ELSE 'NO' END::varchar(3)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_sequence s ON s.seqrelid = c.oid
WHERE c.relkind = 'S'
    AND NOT EXISTS (SELECT 1 FROM pg_depend d
        WHERE d.classid = 1259 AND d.objid = c.oid AND d.deptype = 'i')
    AND NOT pg_is_other_temp_schema(n.oid)
    AND (pg_has_role(c.relowner, 'USAGE')
        OR has_sequence_privilege(c.oid, 'SELECT, UPDATE, USAGE'));

CREATE VIEW information_schema.table_constraints (
    constraint_catalog, constraint_schema, constraint_name, table_catalog, table_schema,
    table_name, constraint_type, is_deferrable, initially_deferred, enforced, nulls_distinct
) WITH (oid = 13411, row_type = 13413, array_type = 13412, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data, information_schema.yes_or_no, information_schema.yes_or_no, information_schema.yes_or_no, information_schema.yes_or_no') AS
SELECT current_database()::name, nc.nspname, c.conname, current_database()::name, nr.nspname, r.relname,
    CASE c.contype
        WHEN 'c' THEN 'CHECK'
        WHEN 'f' THEN 'FOREIGN KEY'
        WHEN 'p' THEN 'PRIMARY KEY'
        WHEN 'u' THEN 'UNIQUE'
    END::varchar,
    CASE WHEN c.condeferrable THEN 'YES' ELSE 'NO' END::varchar(3),
    CASE WHEN c.condeferred THEN 'YES' ELSE 'NO' END::varchar(3),
    'YES'::varchar(3),
    CASE WHEN c.contype = 'u' THEN (
        SELECT CASE WHEN i.indnullsnotdistinct THEN 'NO' ELSE 'YES' END
        FROM pg_index i
        WHERE i.indexrelid = c.conindid)
    END::varchar(3)
FROM pg_constraint c
JOIN pg_namespace nc ON nc.oid = c.connamespace
JOIN pg_class r ON r.oid = c.conrelid
JOIN pg_namespace nr ON nr.oid = r.relnamespace
WHERE c.contype NOT IN ('t', 'x')
    AND r.relkind IN ('r', 'p')
    AND NOT pg_is_other_temp_schema(nr.oid)
    AND (pg_has_role(r.relowner, 'USAGE')
        OR has_table_privilege(r.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
        OR has_any_column_privilege(r.oid, 'INSERT, UPDATE, REFERENCES'))
UNION ALL
SELECT current_database()::name, nr.nspname,
    (nr.oid::text || '_' || r.oid::text || '_' || a.attnum::text || '_not_null')::name,
    current_database()::name, nr.nspname, r.relname, 'CHECK'::varchar, 'NO'::varchar(3), 'NO'::varchar(3),
    'YES'::varchar(3), NULL::varchar(3)
FROM pg_attribute a
JOIN pg_class r ON r.oid = a.attrelid
JOIN pg_namespace nr ON nr.oid = r.relnamespace
WHERE a.attnotnull AND a.attnum > 0 AND NOT a.attisdropped
    AND r.relkind IN ('r', 'p')
    AND NOT pg_is_other_temp_schema(nr.oid)
    AND (pg_has_role(r.relowner, 'USAGE')
        OR has_table_privilege(r.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
        OR has_any_column_privilege(r.oid, 'INSERT, UPDATE, REFERENCES'));

CREATE VIEW information_schema.table_privileges (
    grantor, grantee, table_catalog, table_schema, table_name, privilege_type, is_grantable,
    with_hierarchy
) WITH (oid = 13416, row_type = 13418, array_type = 13417, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data, information_schema.yes_or_no, information_schema.yes_or_no') AS
SELECT g.rolname, e.name, current_database()::name, n.nspname, c.relname, a.privilege_type::varchar,
    CASE WHEN a.is_grantable OR e.oid <> 0 AND pg_has_role(e.oid, c.relowner, 'USAGE') THEN 'YES' ELSE 'NO' END::varchar(3),
    CASE WHEN a.privilege_type = 'SELECT' THEN 'YES' ELSE 'NO' END::varchar(3)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
JOIN pg_authid g ON g.oid = a.grantor
JOIN (SELECT oid, rolname FROM pg_authid UNION ALL SELECT 0::oid, 'PUBLIC'::name) AS e (oid, name) ON e.oid = a.grantee
WHERE c.relkind IN ('r', 'v', 'f', 'p')
    AND a.privilege_type IN ('INSERT', 'SELECT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER')
    AND (pg_has_role(g.oid, 'USAGE') OR e.name = 'PUBLIC' OR pg_has_role(e.oid, 'USAGE'));

CREATE VIEW information_schema.views (
    table_catalog, table_schema, table_name, view_definition, check_option, is_updatable,
    is_insertable_into, is_trigger_updatable, is_trigger_deletable, is_trigger_insertable_into
) WITH (oid = 13483, row_type = 13485, array_type = 13484, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data, information_schema.character_data, information_schema.yes_or_no, information_schema.yes_or_no, information_schema.yes_or_no, information_schema.yes_or_no, information_schema.yes_or_no') AS
SELECT current_database()::name, n.nspname, c.relname,
    CASE WHEN pg_has_role(c.relowner, 'USAGE') THEN pg_get_viewdef(c.oid) END::varchar,
    CASE
        WHEN 'check_option=cascaded' = ANY (c.reloptions) THEN 'CASCADED'
        WHEN 'check_option=local' = ANY (c.reloptions) THEN 'LOCAL'
        ELSE 'NONE'
    END::varchar,
    CASE WHEN pg_relation_is_updatable(c.oid, false) & 20 = 20 THEN 'YES' ELSE 'NO' END::varchar(3),
    CASE WHEN pg_relation_is_updatable(c.oid, false) & 8 = 8 THEN 'YES' ELSE 'NO' END::varchar(3),
    CASE WHEN EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = c.oid AND tgtype & 81 = 81) THEN 'YES' ELSE 'NO' END::varchar(3),
    CASE WHEN EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = c.oid AND tgtype & 73 = 73) THEN 'YES' ELSE 'NO' END::varchar(3),
    CASE WHEN EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = c.oid AND tgtype & 69 = 69) THEN 'YES' ELSE 'NO' END::varchar(3)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'v'
    AND NOT pg_is_other_temp_schema(n.oid)
    AND (pg_has_role(c.relowner, 'USAGE')
        OR has_table_privilege(c.oid,
            'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
        OR has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'));

-- Views of features that do not exist here: they have no rows.

CREATE VIEW information_schema.domain_constraints (
    constraint_catalog, constraint_schema, constraint_name, domain_catalog, domain_schema,
    domain_name, is_deferrable, initially_deferred
) WITH (oid = 13310, row_type = 13312, array_type = 13311, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.yes_or_no, information_schema.yes_or_no') AS
SELECT current_database()::name, rs.nspname, con.conname, current_database()::name, n.nspname, t.typname,
    CASE WHEN con.condeferrable THEN 'YES' ELSE 'NO' END::varchar(3),
    CASE WHEN con.condeferred THEN 'YES' ELSE 'NO' END::varchar(3)
FROM pg_constraint con
JOIN pg_namespace rs ON rs.oid = con.connamespace
JOIN pg_type t ON t.oid = con.contypid
JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE pg_has_role(t.typowner, 'USAGE') OR has_type_privilege(t.oid, 'USAGE');

CREATE VIEW information_schema.triggers (
    trigger_catalog, trigger_schema, trigger_name, event_manipulation, event_object_catalog,
    event_object_schema, event_object_table, action_order, action_condition, action_statement,
    action_orientation, action_timing, action_reference_old_table, action_reference_new_table,
    action_reference_old_row, action_reference_new_row, created
) WITH (oid = 13440, row_type = 13442, array_type = 13441, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.cardinal_number, information_schema.character_data, information_schema.character_data, information_schema.character_data, information_schema.character_data, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.time_stamp') AS
SELECT current_database()::name, n.nspname, t.tgname, em.text::varchar, current_database()::name,
    n.nspname, c.relname,
    (rank() OVER (PARTITION BY n.nspname, c.relname, em.num, t.tgtype & 1, t.tgtype & 66 ORDER BY t.tgname))::integer,
    CASE WHEN pg_has_role(c.relowner, 'USAGE')
        THEN (regexp_match(pg_get_triggerdef(t.oid), '.{35,} WHEN \((.+)\) EXECUTE FUNCTION'))[1]
        ELSE NULL END::varchar,
    substring(pg_get_triggerdef(t.oid), position('EXECUTE FUNCTION' in substring(pg_get_triggerdef(t.oid), 48)) + 47)::varchar,
    CASE t.tgtype & 1 WHEN 1 THEN 'ROW' ELSE 'STATEMENT' END::varchar,
    CASE t.tgtype & 66 WHEN 2 THEN 'BEFORE' WHEN 64 THEN 'INSTEAD OF' ELSE 'AFTER' END::varchar,
    t.tgoldtable, t.tgnewtable, NULL::name, NULL::name, NULL::timestamp(2) with time zone
FROM pg_namespace n
JOIN pg_class c ON c.relnamespace = n.oid
JOIN pg_trigger t ON t.tgrelid = c.oid
JOIN (VALUES (4, 'INSERT'), (8, 'DELETE'), (16, 'UPDATE')) em (num, text) ON (t.tgtype & em.num) <> 0
WHERE NOT t.tgisinternal
    AND (n.nspname IS NULL OR NOT pg_is_other_temp_schema(n.oid))
    AND (pg_has_role(c.relowner, 'USAGE')
        OR has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
        OR has_any_column_privilege(c.oid, 'INSERT, UPDATE, REFERENCES'));

CREATE VIEW information_schema.foreign_servers (
    foreign_server_catalog, foreign_server_name, foreign_data_wrapper_catalog,
    foreign_data_wrapper_name, foreign_server_type, foreign_server_version,
    authorization_identifier
) WITH (oid = 13528, row_type = 13530, array_type = 13529, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data, information_schema.character_data, information_schema.sql_identifier') AS
SELECT
    NULL::name AS foreign_server_catalog, NULL::name AS foreign_server_name,
    NULL::name AS foreign_data_wrapper_catalog, NULL::name AS foreign_data_wrapper_name,
    NULL::character varying AS foreign_server_type,
    NULL::character varying AS foreign_server_version,
    NULL::name AS authorization_identifier
WHERE false;

CREATE VIEW information_schema.foreign_tables (
    foreign_table_catalog, foreign_table_schema, foreign_table_name, foreign_server_catalog,
    foreign_server_name
) WITH (oid = 13541, row_type = 13543, array_type = 13542, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier') AS
SELECT
    NULL::name AS foreign_table_catalog, NULL::name AS foreign_table_schema,
    NULL::name AS foreign_table_name, NULL::name AS foreign_server_catalog,
    NULL::name AS foreign_server_name
WHERE false;

CREATE VIEW information_schema.column_domain_usage (
    domain_catalog, domain_schema, domain_name, table_catalog, table_schema, table_name, column_name
) WITH (oid = 13280, row_type = 13282, array_type = 13281, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier') AS
SELECT current_database()::name, nt.nspname, t.typname, current_database()::name, nc.nspname, c.relname, a.attname
FROM pg_type t
JOIN pg_namespace nt ON nt.oid = t.typnamespace
JOIN pg_attribute a ON a.atttypid = t.oid
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace nc ON nc.oid = c.relnamespace
WHERE t.typtype = 'd' AND c.relkind IN ('r', 'v', 'f', 'p') AND a.attnum > 0 AND NOT a.attisdropped
    AND pg_has_role(t.typowner, 'USAGE');

CREATE VIEW information_schema.domain_udt_usage (
    udt_catalog, udt_schema, udt_name, domain_catalog, domain_schema, domain_name
) WITH (oid = 13315, row_type = 13317, array_type = 13316, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier') AS
SELECT current_database()::name, nbt.nspname, bt.typname, current_database()::name, nt.nspname, t.typname
FROM pg_type t
JOIN pg_namespace nt ON nt.oid = t.typnamespace
JOIN pg_type bt ON bt.oid = t.typbasetype
JOIN pg_namespace nbt ON nbt.oid = bt.typnamespace
WHERE t.typtype = 'd' AND pg_has_role(bt.typowner, 'USAGE');

CREATE VIEW information_schema.attributes (
    udt_catalog, udt_schema, udt_name, attribute_name, ordinal_position, attribute_default, is_nullable,
    data_type, character_maximum_length, character_octet_length, character_set_catalog,
    character_set_schema, character_set_name, collation_catalog, collation_schema, collation_name,
    numeric_precision, numeric_precision_radix, numeric_scale, datetime_precision, interval_type,
    interval_precision, attribute_udt_catalog, attribute_udt_schema, attribute_udt_name,
    scope_catalog, scope_schema, scope_name, maximum_cardinality, dtd_identifier,
    is_derived_reference_attribute
) WITH (oid = 13245, row_type = 13247, array_type = 13246, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.cardinal_number, information_schema.character_data, information_schema.yes_or_no, information_schema.character_data, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.character_data, information_schema.cardinal_number, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.cardinal_number, information_schema.sql_identifier, information_schema.yes_or_no') AS
SELECT current_database()::name, s.nspname, s.relname, s.attname, s.attnum::int4, NULL::varchar, s.nullable,
    s.data_type,
    CASE WHEN s.typmod <> -1 AND s.basetype IN (1042, 1043) THEN s.typmod - 4 END,
    CASE WHEN s.basetype IN (25, 1042, 1043) THEN
        CASE WHEN s.typmod = -1 THEN 1073741824 ELSE (s.typmod - 4) * 4 END
    END,
    NULL::name, NULL::name, NULL::name,
    CASE WHEN s.collation_name IS NOT NULL THEN current_database() END::name, s.collation_schema,
    s.collation_name,
    CASE s.basetype
        WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64 WHEN 700 THEN 24 WHEN 701 THEN 53
        WHEN 1700 THEN CASE WHEN s.typmod <> -1 THEN ((s.typmod - 4) >> 16) & 65535 END
    END,
    CASE WHEN s.basetype IN (21, 23, 20, 700, 701) THEN 2 WHEN s.basetype = 1700 THEN 10 END,
    CASE
        WHEN s.basetype IN (21, 23, 20) THEN 0
        WHEN s.basetype = 1700 AND s.typmod <> -1 THEN (s.typmod - 4) & 65535
    END,
    CASE
        WHEN s.basetype = 1082 THEN 0
        WHEN s.basetype IN (1083, 1114, 1184, 1266) THEN CASE WHEN s.typmod < 0 THEN 6 ELSE s.typmod END
        WHEN s.basetype = 1186 THEN
            CASE WHEN s.typmod < 0 OR s.typmod & 65535 = 65535 THEN 6 ELSE s.typmod & 65535 END
    END,
    NULL::varchar, NULL::int4, current_database()::name, s.type_schema, s.typname, NULL::name, NULL::name,
    NULL::name, NULL::int4, s.attnum::text::name, 'NO'::varchar(3)
FROM (
    SELECT nc.nspname, c.relname, a.attname, a.attnum, nt.nspname AS type_schema, t.typname,
        CASE WHEN a.attnotnull OR (t.typtype = 'd' AND t.typnotnull) THEN 'NO' ELSE 'YES' END::varchar(3) AS nullable,
        CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'ARRAY'
            WHEN nt.nspname = 'pg_catalog' THEN format_type(a.atttypid, NULL)
            ELSE 'USER-DEFINED'
        END::varchar AS data_type,
        CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE a.atttypid END AS basetype,
        CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END AS typmod,
        CASE WHEN nco.nspname <> 'pg_catalog' OR co.collname <> 'default' THEN nco.nspname END AS collation_schema,
        CASE WHEN nco.nspname <> 'pg_catalog' OR co.collname <> 'default' THEN co.collname END AS collation_name
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_namespace nc ON nc.oid = c.relnamespace
    JOIN pg_type t ON t.oid = a.atttypid
    JOIN pg_namespace nt ON nt.oid = t.typnamespace
    LEFT JOIN pg_collation co ON co.oid = a.attcollation
    LEFT JOIN pg_namespace nco ON nco.oid = co.collnamespace
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind = 'c'
        AND (pg_has_role(c.relowner, 'USAGE') OR has_type_privilege(c.reltype, 'USAGE'))
) s;

CREATE VIEW information_schema.user_defined_types (
    user_defined_type_catalog, user_defined_type_schema, user_defined_type_name,
    user_defined_type_category, is_instantiable, is_final, ordering_form, ordering_category,
    ordering_routine_catalog, ordering_routine_schema, ordering_routine_name, reference_type,
    data_type, character_maximum_length, character_octet_length, character_set_catalog,
    character_set_schema, character_set_name, collation_catalog, collation_schema, collation_name,
    numeric_precision, numeric_precision_radix, numeric_scale, datetime_precision, interval_type,
    interval_precision, source_dtd_identifier, ref_dtd_identifier
) WITH (oid = 13463, row_type = 13465, array_type = 13464, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data, information_schema.yes_or_no, information_schema.yes_or_no, information_schema.character_data, information_schema.character_data, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data, information_schema.character_data, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.cardinal_number, information_schema.character_data, information_schema.cardinal_number, information_schema.sql_identifier, information_schema.sql_identifier') AS
SELECT current_database()::name, n.nspname, c.relname, 'STRUCTURED'::varchar, 'YES'::varchar(3), NULL::varchar(3),
    NULL::varchar, NULL::varchar, NULL::name, NULL::name, NULL::name, NULL::varchar, NULL::varchar,
    NULL::int4, NULL::int4, NULL::name, NULL::name, NULL::name, NULL::name, NULL::name, NULL::name,
    NULL::int4, NULL::int4, NULL::int4, NULL::int4, NULL::varchar, NULL::int4, NULL::name, NULL::name
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.typrelid = c.oid
WHERE c.relkind = 'c' AND (pg_has_role(t.typowner, 'USAGE') OR has_type_privilege(t.oid, 'USAGE'));

-- Privileges, of everybody that the current user may act as or has granted to.

CREATE VIEW information_schema.role_table_grants (
    grantor, grantee, table_catalog, table_schema, table_name, privilege_type, is_grantable,
    with_hierarchy
) WITH (oid = 13421, row_type = 13423, array_type = 13422, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data, information_schema.yes_or_no, information_schema.yes_or_no') AS
SELECT * FROM information_schema.table_privileges
WHERE grantor IN (SELECT role_name FROM information_schema.enabled_roles)
    OR grantee IN (SELECT role_name FROM information_schema.enabled_roles);

CREATE VIEW information_schema.column_privileges (
    grantor, grantee, table_catalog, table_schema, table_name, column_name, privilege_type,
    is_grantable
) WITH (oid = 13285, row_type = 13287, array_type = 13286, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data, information_schema.yes_or_no') AS
SELECT DISTINCT g.rolname, e.name, current_database()::name, n.nspname, c.relname, c.attname,
    a.privilege_type::varchar, CASE WHEN a.is_grantable OR e.oid <> 0 AND pg_has_role(e.oid, c.relowner, 'USAGE') THEN 'YES' ELSE 'NO' END::varchar(3)
FROM (
    SELECT r.relname, r.relnamespace, r.relowner, f.attname, coalesce(r.relacl, acldefault('r', r.relowner)) AS acl
    FROM pg_class r JOIN pg_attribute f ON f.attrelid = r.oid
    WHERE r.relkind IN ('r', 'v', 'f', 'p') AND f.attnum > 0 AND NOT f.attisdropped
    UNION ALL
    SELECT r.relname, r.relnamespace, r.relowner, f.attname, coalesce(f.attacl, acldefault('c', r.relowner))
    FROM pg_class r JOIN pg_attribute f ON f.attrelid = r.oid
    WHERE r.relkind IN ('r', 'v', 'f', 'p') AND f.attnum > 0 AND NOT f.attisdropped) c
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL aclexplode(c.acl) a
JOIN pg_authid g ON g.oid = a.grantor
JOIN (SELECT oid, rolname FROM pg_authid UNION ALL SELECT 0::oid, 'PUBLIC'::name) AS e (oid, name) ON e.oid = a.grantee
WHERE a.privilege_type IN ('INSERT', 'SELECT', 'UPDATE', 'REFERENCES') AND (pg_has_role(g.oid, 'USAGE') OR e.name = 'PUBLIC' OR pg_has_role(e.oid, 'USAGE'));

CREATE VIEW information_schema.role_column_grants (
    grantor, grantee, table_catalog, table_schema, table_name, column_name, privilege_type,
    is_grantable
) WITH (oid = 13344, row_type = 13346, array_type = 13345, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data, information_schema.yes_or_no') AS
SELECT * FROM information_schema.column_privileges
WHERE grantor IN (SELECT role_name FROM information_schema.enabled_roles)
    OR grantee IN (SELECT role_name FROM information_schema.enabled_roles);

CREATE VIEW information_schema.routine_privileges (
    grantor, grantee, specific_catalog, specific_schema, specific_name, routine_catalog,
    routine_schema, routine_name, privilege_type, is_grantable
) WITH (oid = 13353, row_type = 13355, array_type = 13354, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data, information_schema.yes_or_no') AS
SELECT g.rolname, e.name, current_database()::name, n.nspname, (p.proname::text || '_' || p.oid::text)::name,
    current_database()::name, n.nspname, p.proname, 'EXECUTE'::varchar, CASE WHEN a.is_grantable OR e.oid <> 0 AND pg_has_role(e.oid, p.proowner, 'USAGE') THEN 'YES' ELSE 'NO' END::varchar(3)
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
JOIN pg_authid g ON g.oid = a.grantor
JOIN (SELECT oid, rolname FROM pg_authid UNION ALL SELECT 0::oid, 'PUBLIC'::name) AS e (oid, name) ON e.oid = a.grantee
WHERE a.privilege_type = 'EXECUTE' AND (pg_has_role(g.oid, 'USAGE') OR e.name = 'PUBLIC' OR pg_has_role(e.oid, 'USAGE'));

CREATE VIEW information_schema.role_routine_grants (
    grantor, grantee, specific_catalog, specific_schema, specific_name, routine_catalog,
    routine_schema, routine_name, privilege_type, is_grantable
) WITH (oid = 13358, row_type = 13360, array_type = 13359, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data, information_schema.yes_or_no') AS
SELECT * FROM information_schema.routine_privileges
WHERE grantor IN (SELECT role_name FROM information_schema.enabled_roles)
    OR grantee IN (SELECT role_name FROM information_schema.enabled_roles);

CREATE VIEW information_schema.udt_privileges (
    grantor, grantee, udt_catalog, udt_schema, udt_name, privilege_type, is_grantable
) WITH (oid = 13445, row_type = 13447, array_type = 13446, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data, information_schema.yes_or_no') AS
SELECT g.rolname, e.name, current_database()::name, n.nspname, t.typname, 'TYPE USAGE'::varchar,
    CASE WHEN a.is_grantable OR e.oid <> 0 AND pg_has_role(e.oid, t.typowner, 'USAGE') THEN 'YES' ELSE 'NO' END::varchar(3)
FROM pg_type t
JOIN pg_namespace n ON n.oid = t.typnamespace
CROSS JOIN LATERAL aclexplode(coalesce(t.typacl, acldefault('T', t.typowner))) a
JOIN pg_authid g ON g.oid = a.grantor
JOIN (SELECT oid, rolname FROM pg_authid UNION ALL SELECT 0::oid, 'PUBLIC'::name) AS e (oid, name) ON e.oid = a.grantee
WHERE t.typtype = 'c' AND a.privilege_type = 'USAGE' AND (pg_has_role(g.oid, 'USAGE') OR e.name = 'PUBLIC' OR pg_has_role(e.oid, 'USAGE'));

CREATE VIEW information_schema.role_udt_grants (
    grantor, grantee, udt_catalog, udt_schema, udt_name, privilege_type, is_grantable
) WITH (oid = 13450, row_type = 13452, array_type = 13451, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data, information_schema.yes_or_no') AS
SELECT * FROM information_schema.udt_privileges
WHERE grantor IN (SELECT role_name FROM information_schema.enabled_roles)
    OR grantee IN (SELECT role_name FROM information_schema.enabled_roles);

CREATE VIEW information_schema.role_usage_grants (
    grantor, grantee, object_catalog, object_schema, object_name, object_type, privilege_type,
    is_grantable
) WITH (oid = 13459, row_type = 13461, array_type = 13460, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.character_data, information_schema.character_data, information_schema.yes_or_no') AS
SELECT * FROM information_schema.usage_privileges
WHERE grantor IN (SELECT role_name FROM information_schema.enabled_roles)
    OR grantee IN (SELECT role_name FROM information_schema.enabled_roles);

CREATE VIEW information_schema.administrable_role_authorizations (
    grantee, role_name, is_grantable
) WITH (oid = 13241, row_type = 13243, array_type = 13242, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.yes_or_no') AS
SELECT * FROM information_schema.applicable_roles WHERE is_grantable = 'YES';

-- What views and triggers use.

CREATE VIEW information_schema.view_table_usage (
    view_catalog, view_schema, view_name, table_catalog, table_schema, table_name
) WITH (oid = 13478, row_type = 13480, array_type = 13479, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier') AS
SELECT DISTINCT current_database()::name, nv.nspname, v.relname, current_database()::name, nt.nspname, t.relname
FROM pg_class v
JOIN pg_namespace nv ON nv.oid = v.relnamespace
JOIN pg_depend own ON own.refclassid = 'pg_class'::regclass AND own.refobjid = v.oid
    AND own.classid = 'pg_rewrite'::regclass AND own.deptype = 'i'
JOIN pg_depend uses ON uses.classid = 'pg_rewrite'::regclass AND uses.objid = own.objid
    AND uses.refclassid = 'pg_class'::regclass AND uses.refobjid <> v.oid
JOIN pg_class t ON t.oid = uses.refobjid
JOIN pg_namespace nt ON nt.oid = t.relnamespace
WHERE v.relkind = 'v' AND t.relkind IN ('r', 'v', 'f', 'p') AND pg_has_role(t.relowner, 'USAGE');

CREATE VIEW information_schema.view_column_usage (
    view_catalog, view_schema, view_name, table_catalog, table_schema, table_name, column_name
) WITH (oid = 13468, row_type = 13470, array_type = 13469, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier') AS
SELECT DISTINCT current_database()::name, nv.nspname, v.relname, current_database()::name, nt.nspname, t.relname,
    f.attname
FROM pg_class v
JOIN pg_namespace nv ON nv.oid = v.relnamespace
JOIN pg_depend own ON own.refclassid = 'pg_class'::regclass AND own.refobjid = v.oid
    AND own.classid = 'pg_rewrite'::regclass AND own.deptype = 'i'
JOIN pg_depend uses ON uses.classid = 'pg_rewrite'::regclass AND uses.objid = own.objid
    AND uses.refclassid = 'pg_class'::regclass AND uses.refobjid <> v.oid
JOIN pg_class t ON t.oid = uses.refobjid
JOIN pg_namespace nt ON nt.oid = t.relnamespace
JOIN pg_attribute f ON f.attrelid = t.oid AND f.attnum = uses.refobjsubid
WHERE v.relkind = 'v' AND t.relkind IN ('r', 'v', 'f', 'p') AND pg_has_role(t.relowner, 'USAGE');

CREATE VIEW information_schema.triggered_update_columns (
    trigger_catalog, trigger_schema, trigger_name, event_object_catalog, event_object_schema,
    event_object_table, event_object_column
) WITH (oid = 13435, row_type = 13437, array_type = 13436, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier') AS
SELECT current_database()::name, n.nspname, t.tgname, current_database()::name, n.nspname, c.relname, f.attname
FROM pg_trigger t
JOIN pg_class c ON c.oid = t.tgrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute f ON f.attrelid = c.oid AND f.attnum = ANY (t.tgattr::int2[])
WHERE NOT t.tgisinternal AND NOT pg_is_other_temp_schema(n.oid)
    AND (pg_has_role(c.relowner, 'USAGE') OR has_column_privilege(c.oid, f.attnum, 'INSERT, UPDATE, REFERENCES'));

CREATE VIEW information_schema.column_udt_usage (
    udt_catalog, udt_schema, udt_name, table_catalog, table_schema, table_name, column_name
) WITH (oid = 13290, row_type = 13292, array_type = 13291, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier') AS
SELECT current_database()::name, coalesce(nb.nspname, nt.nspname), coalesce(b.typname, t.typname),
    current_database()::name, n.nspname, c.relname, f.attname
FROM pg_attribute f
JOIN pg_class c ON c.oid = f.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = f.atttypid
JOIN pg_namespace nt ON nt.oid = t.typnamespace
LEFT JOIN pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype
LEFT JOIN pg_namespace nb ON nb.oid = b.typnamespace
WHERE f.attnum > 0 AND NOT f.attisdropped AND c.relkind IN ('r', 'v', 'f', 'p')
    AND pg_has_role(coalesce(b.typowner, t.typowner), 'USAGE');

CREATE VIEW information_schema.collation_character_set_applicability (
    collation_catalog, collation_schema, collation_name, character_set_catalog,
    character_set_schema, character_set_name
) WITH (oid = 13270, row_type = 13272, array_type = 13271, columns = 'information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier, information_schema.sql_identifier') AS
SELECT current_database()::name, n.nspname, c.collname, NULL::name, NULL::name, 'UTF8'::name
FROM pg_collation c
JOIN pg_namespace n ON n.oid = c.collnamespace
WHERE c.collencoding IN (-1, 6);
