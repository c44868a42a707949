-- Fills the expected results of io.txt and calls.txt from PostgreSQL. Run from this folder:
--
--   psql -f expect.sql
--
-- A line of io.txt is: type, input, expected output. A line of calls.txt is: function, arguments,
-- expected result. Fields are separated by tabs and escaped as COPY does; calls.txt
-- holds no character that would need escaping. An expected
-- error is written ERROR, its SQLSTATE, its message and its detail.

\set QUIET on
\set ON_ERROR_STOP on
SET client_encoding = 'UTF8';
SET timezone = 'America/Los_Angeles';
SET datestyle = 'ISO, MDY';
SET intervalstyle = 'postgres';

CREATE FUNCTION pg_temp.try(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
    detail text;
BEGIN
    EXECUTE query INTO result;
    RETURN coalesce(result, 'NULL');
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' ', 'ERROR', sqlstate, sqlerrm, nullif(detail, ''));
END $$;

-- The SQL of a call: most names are functions; the others are spelled out.
CREATE FUNCTION pg_temp.call(name text, a text[]) RETURNS text LANGUAGE sql AS $$
    SELECT CASE
        WHEN name ~ '^extract_' THEN format('extract(%s from %L::%s)', a[1], a[2], substr(name, 9))
        WHEN name ~ '^date_trunc_' THEN format('date_trunc(%L, %L::%s)', a[1], a[2], substr(name, 12))
        WHEN name = 'timestamp_pl_interval' THEN format('%L::timestamp + %L::interval', a[1], a[2])
        WHEN name = 'timestamptz_pl_interval' THEN format('%L::timestamptz + %L::interval', a[1], a[2])
        WHEN name = 'timestamp_mi' THEN format('%L::timestamp - %L::timestamp', a[1], a[2])
        WHEN name = 'age' THEN format('age(%L::timestamp, %L::timestamp)', a[1], a[2])
        WHEN name = 'time_pl_interval' THEN format('%L::time + %L::interval', a[1], a[2])
        WHEN name = 'interval_mul' THEN format('%L::interval * %L::float8', a[1], a[2])
        WHEN name = 'interval_div' THEN format('%L::interval / %L::float8', a[1], a[2])
        WHEN name = 'interval_um' THEN format('- %L::interval', a[1])
        WHEN name = 'date_bin' THEN format('date_bin(%L, %L::timestamp, %L::timestamp)', a[1], a[2], a[3])
        WHEN name IN ('float8_numeric', 'float4_numeric') THEN format('%L::%s::numeric', a[1], left(name, 6))
        WHEN name IN ('int2', 'int4', 'int8', 'float4', 'float8') THEN format('%L::numeric::%s', a[1], name)
        WHEN name = 'factorial' THEN format('factorial(%L::bigint)', a[1])
        WHEN name = 'to_timestamp' THEN format('to_timestamp(%L::float8)', a[1])
        WHEN name IN ('round', 'trunc') THEN format('%s(%L::numeric, %L::int)', name, a[1], a[2])
        WHEN name = 'width_bucket' THEN format('width_bucket(%L::numeric, %L, %L, %L)', a[1], a[2], a[3], a[4])
        WHEN name ~ '^(make|justify)_' THEN format('%s(%s)', name, (SELECT string_agg(quote_literal(x), ', ' ORDER BY o) FROM unnest(a) WITH ORDINALITY u(x, o)))
        WHEN name ~ '^to_char_' THEN format('to_char(%L::%s, %L)', a[1], substr(name, 9), a[2])
        WHEN name = 'to_timestamp_text' THEN format('to_timestamp(%L::text, %L)', a[1], a[2])
        WHEN name IN ('to_date', 'to_number') THEN format('%s(%L::text, %L)', name, a[1], a[2])
        WHEN cardinality(a) = 1 THEN format('%s(%L::numeric)', name, a[1])
        ELSE format('%s(%L::numeric, %L::numeric)', name, a[1], a[2])
    END
$$;

CREATE TEMP TABLE io (type text, input text, expected text, n serial);
\copy io (type, input, expected) FROM 'io.txt'
UPDATE io SET expected = pg_temp.try(format('SELECT concat(%L::%s)', input, type));
\copy (SELECT type, input, expected FROM io ORDER BY n) TO 'io.txt'

CREATE TEMP TABLE calls (line text, n serial);
\copy calls (line) FROM PROGRAM 'sed "s/\\t/\\\\t/g; s/\\\\\\\\/\\\\\\\\\\\\\\\\/g" calls.txt'
CREATE TEMP TABLE parsed AS
    SELECT n, a[1] AS name, a[2:cardinality(a) - 1] AS arguments
    FROM calls, string_to_array(line, E'\t') AS a;
\copy (SELECT name || E'\t' || array_to_string(arguments, E'\t') || E'\t' || pg_temp.try('SELECT (' || pg_temp.call(name, arguments) || ')::text') FROM parsed ORDER BY n) TO PROGRAM 'sed "s/\\\\t/\\t/g" > calls.txt'
