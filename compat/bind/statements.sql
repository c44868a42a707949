SELECT 1
SELECT 1 AS one, 'x', NULL, 2.5, 10000000000, true, -5
SELECT a, b, c, d, e, j, v FROM t
SELECT * FROM t
SELECT t.* FROM t
SELECT x.* FROM t AS x(p, q)
SELECT t FROM t
SELECT a + 1, a * 2.5, a / 2, -a, a % 3 FROM t
SELECT b || 'x', b || a FROM t
SELECT a::text, a::varchar(3), c::int, '5'::int, '1.5'::numeric(5,1) FROM t
SELECT count(*), sum(a), avg(a), min(b), max(c), sum(c) FROM t
SELECT b, count(*) FROM t GROUP BY b
SELECT b, count(*) FROM t GROUP BY 1 ORDER BY 2 DESC
SELECT b AS k, count(*) FROM t GROUP BY k HAVING count(*) > 1
SELECT a, b FROM t GROUP BY a
SELECT b, a FROM t GROUP BY b
SELECT b, sum(a) FROM t
SELECT b FROM t GROUP BY b ORDER BY a
SELECT a FROM t HAVING true
SELECT b, c, count(*), grouping(b, c) FROM t GROUP BY ROLLUP (b, c)
SELECT b, c, count(*) FROM t GROUP BY GROUPING SETS ((b), (c), ())
SELECT b, c, count(*) FROM t GROUP BY CUBE (b, c)
SELECT grouping(a) FROM t GROUP BY b
SELECT DISTINCT b FROM t ORDER BY b
SELECT DISTINCT b FROM t ORDER BY a
SELECT DISTINCT ON (b) a, b FROM t ORDER BY b, a
SELECT DISTINCT ON (b) a, b FROM t ORDER BY a
SELECT a FROM t ORDER BY 2
SELECT a FROM t ORDER BY 'x'
SELECT a AS x, b AS x FROM t ORDER BY x
SELECT a FROM t LIMIT 1 OFFSET 2
SELECT a FROM t LIMIT a
SELECT a FROM t LIMIT 'x'
SELECT a FROM t FETCH FIRST 3 ROWS ONLY
SELECT a FROM t ORDER BY a FETCH FIRST 3 ROWS WITH TIES
SELECT a FROM t WHERE a
SELECT a FROM t WHERE a = 'x'
SELECT a FROM t WHERE a = '5'
SELECT a FROM t WHERE b = 5
SELECT a FROM t WHERE nope = 5
SELECT t.nope FROM t
SELECT naem FROM u
SELECT fla FROM u
SELECT x.a FROM t
SELECT t.a FROM t x
SELECT a FROM nope
SELECT a FROM nope.t
SELECT a FROM t, t
SELECT a FROM t JOIN t ON true
SELECT a FROM t x JOIN t y ON x.a = y.a
SELECT t.a, u.name FROM t JOIN u ON t.a = u.t_a
SELECT t.a, u.name FROM t LEFT JOIN u ON t.a = u.t_a WHERE u.id IS NULL
SELECT * FROM t JOIN w USING (a)
SELECT * FROM t NATURAL JOIN w
SELECT a, t.a, w.a FROM t FULL JOIN w USING (a)
SELECT * FROM t JOIN u USING (a)
SELECT * FROM t JOIN u ON a
SELECT * FROM t CROSS JOIN u
SELECT * FROM t, LATERAL (SELECT u.name FROM u WHERE u.t_a = t.a) s
SELECT * FROM t, (SELECT u.name FROM u WHERE u.t_a = t.a) s
SELECT * FROM (SELECT a FROM t) s
SELECT s.a FROM (SELECT a, b FROM t) s WHERE s.b IS NOT NULL
SELECT * FROM (VALUES (1, 'x'), (2, 'y')) v(n, s)
VALUES (1, 'x'), (2.5, NULL)
VALUES (1), ('x')
VALUES (1, 2), (3)
SELECT (SELECT max(a) FROM t)
SELECT (SELECT a, b FROM t)
SELECT EXISTS (SELECT 1 FROM t)
SELECT ARRAY(SELECT a FROM t)
SELECT a FROM t WHERE a IN (SELECT t_a FROM u)
SELECT a FROM t WHERE a NOT IN (SELECT t_a FROM u)
SELECT a FROM t WHERE (a, b) IN (SELECT t_a, name FROM u)
SELECT a FROM t WHERE a IN (SELECT t_a, name FROM u)
SELECT a FROM t WHERE a = ANY (SELECT id FROM u)
SELECT a FROM t WHERE a > ALL (SELECT t_a FROM u)
SELECT a FROM t WHERE a = ANY (ARRAY[1, 2])
SELECT a FROM t WHERE a = ANY ('{1,2}')
SELECT a FROM t WHERE a = ANY (b)
SELECT a FROM t WHERE a IN (1, 2, 3)
SELECT a FROM t WHERE a IN (1, 'x')
SELECT a FROM t WHERE b IN ('x', 'y')
SELECT a FROM t WHERE a IN (1, t.a)
SELECT a FROM t WHERE a BETWEEN 1 AND 5
SELECT a FROM t WHERE a BETWEEN SYMMETRIC 5 AND 1
SELECT a FROM t WHERE b LIKE 'x%' OR b ILIKE '%y' OR b SIMILAR TO 'z+'
SELECT a FROM t WHERE b ~ '^x' AND NOT b ~* 'y'
SELECT a IS DISTINCT FROM 5, a IS NOT DISTINCT FROM NULL, flag IS TRUE, flag IS NOT UNKNOWN FROM t, u
SELECT CASE WHEN a > 1 THEN 'big' ELSE 'small' END FROM t
SELECT CASE a WHEN 1 THEN 1 WHEN 2 THEN 2.5 END FROM t
SELECT CASE WHEN a THEN 1 END FROM t
SELECT CASE WHEN true THEN 1 ELSE b END FROM t
SELECT CASE b WHEN 1 THEN 2 END FROM t
SELECT COALESCE(a, 0), COALESCE(b, 'x'), NULLIF(a, 1), GREATEST(a, 2.5), LEAST(a, 1) FROM t
SELECT COALESCE(a, b) FROM t
SELECT COALESCE(a, 'x') FROM t
SELECT GREATEST(a, b) FROM t
SELECT NULLIF(a, b) FROM t
SELECT ARRAY[1, 2, 3], ARRAY['a', 'b'], ARRAY[[1, 2], [3, 4]], ARRAY[1, 2.5]
SELECT ARRAY[]
SELECT ARRAY[]::int[]
SELECT ARRAY[1, 'x']
SELECT e[1], e[1:2], (ARRAY[1,2])[1] FROM t
SELECT a[1] FROM t
SELECT e['x'] FROM t
SELECT j -> 'a', j ->> 'a', j -> 1, j #> '{a,b}', j @> '{"a":1}' FROM t
SELECT j['a'] FROM t
SELECT ROW(1, 'x'), (1, 2) = (3, 4), (1, 2) < (3, 4), ROW(1) IS NULL
SELECT (1, 2) = (3, 4, 5)
SELECT (t).a, (t).b FROM t
SELECT (t).nope FROM t
SELECT (a).x FROM t
SELECT a.x FROM t
SELECT ctid, xmin, tableoid FROM t
SELECT upper(b), length(b), substring(b from 1 for 2), position('x' in b), trim(b), b || NULL FROM t
SELECT overlay(b placing 'x' from 1 for 2), extract(year from d), d AT TIME ZONE 'UTC' FROM t
SELECT d + interval '1 day', d - d, date '2020-01-01' + 5, now() - d FROM t
SELECT current_date, current_timestamp, current_timestamp(3), localtime, localtimestamp, current_user, session_user, current_schema, current_catalog
SELECT now(), current_setting('x'), nextval('nope')
SELECT upper(a) FROM t
SELECT nope(a) FROM t
SELECT nope(1, 'x')
SELECT pg_catalog.nope(1)
SELECT nosuch.f(1)
SELECT a + b FROM t
SELECT a || 1 FROM t
SELECT 'a' + 'b'
SELECT 'a' || 'b'
SELECT - 'a'
SELECT ! a FROM t
SELECT 1 + true
SELECT '1' + 1
SELECT 'x' + 1
SELECT '2020-13-01'::date
SELECT 'abc'::int
SELECT int 'abc'
SELECT 1::date
SELECT a::nope FROM t
SELECT cast(a AS int[]) FROM t
SELECT b::int, b::timestamptz FROM t
SELECT e::text[], e::text FROM t
SELECT round(1.5), round(1.5, 1), round(a) FROM t
SELECT abs(-5), abs(-5.5), abs('5')
SELECT power(2, 3), sqrt(4), mod(5, 3)
SELECT concat('a', 1, NULL), concat_ws(',', 'a', 'b'), format('%s', 1)
SELECT generate_series(1, 3)
SELECT generate_series(1, 3) + 1, b FROM t
SELECT a FROM t WHERE generate_series(1, 3) = 1
SELECT CASE WHEN true THEN generate_series(1, 3) END
SELECT sum(generate_series(1, 3))
SELECT * FROM generate_series(1, 3)
SELECT * FROM generate_series(1, 3) AS g
SELECT * FROM generate_series(1, 3) AS g(n)
SELECT g FROM generate_series(1, 3) AS g
SELECT * FROM generate_series(1, 3) WITH ORDINALITY
SELECT * FROM unnest(ARRAY[1, 2], ARRAY['a', 'b']) AS z(x, y)
SELECT * FROM ROWS FROM (generate_series(1, 2), generate_series(1, 3)) AS z
SELECT t.a, x FROM t, unnest(t.e) AS x
SELECT * FROM json_to_recordset('[]') AS z(a int, b text)
SELECT * FROM json_to_recordset('[]')
SELECT * FROM jsonb_each('{}')
SELECT * FROM current_date
SELECT unnest(e), a FROM t
SELECT unnest(5)
SELECT unnest('{1,2}')
SELECT array_append(e, 5), array_append(e, 'x') FROM t
SELECT array_append(e, 'x'::text) FROM t
SELECT array_length(e, 1), cardinality(e), e || 5, 5 || e, e || e FROM t
SELECT array_agg(a), string_agg(b, ','), json_agg(a), bool_and(a > 1) FROM t
SELECT string_agg(b, ',' ORDER BY a DESC) FROM t
SELECT count(DISTINCT b), count(*) FILTER (WHERE a > 1) FROM t
SELECT count(DISTINCT b ORDER BY a) FROM t
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) FROM t
SELECT percentile_cont(0.5) FROM t
SELECT sum(count(*)) FROM t
SELECT sum(b) FROM t
SELECT a FROM t WHERE sum(a) > 1
SELECT a FROM t GROUP BY sum(a)
SELECT count(*) FILTER (WHERE a) FROM t
SELECT upper(DISTINCT b) FROM t
SELECT upper(b) FILTER (WHERE true) FROM t
SELECT upper(*) FROM t
SELECT count() FROM t
SELECT row_number() OVER (), rank() OVER (ORDER BY a), lag(a) OVER (PARTITION BY b ORDER BY a) FROM t
SELECT sum(a) OVER w, avg(a) OVER (w ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t WINDOW w AS (PARTITION BY b ORDER BY a)
SELECT sum(a) OVER nope FROM t
SELECT row_number() FROM t
SELECT upper(b) OVER () FROM t
SELECT a FROM t WHERE row_number() OVER () = 1
SELECT sum(row_number() OVER ()) FROM t
SELECT row_number() OVER (ORDER BY row_number() OVER ()) FROM t
SELECT b, sum(sum(a)) OVER (ORDER BY b) FROM t GROUP BY b
SELECT sum(a) OVER (ORDER BY a RANGE BETWEEN 1 PRECEDING AND 2 FOLLOWING) FROM t
SELECT count(DISTINCT a) OVER () FROM t
SELECT ntile(4) OVER (ORDER BY a), first_value(b) OVER (ORDER BY a), lag(a, 1, 0) OVER (ORDER BY a) FROM t
SELECT a FROM t UNION SELECT id FROM u
SELECT a FROM t UNION ALL SELECT 'x'
SELECT 1 UNION SELECT '2'
SELECT 'x' UNION SELECT 'y'
SELECT NULL UNION SELECT NULL UNION SELECT 1
SELECT a, b FROM t UNION SELECT id FROM u
SELECT a FROM t UNION SELECT name FROM u
SELECT a FROM t INTERSECT SELECT t_a FROM u EXCEPT SELECT 5 ORDER BY 1 LIMIT 3
SELECT a AS z FROM t UNION SELECT t_a FROM u ORDER BY z
SELECT a FROM t UNION SELECT t_a FROM u ORDER BY a + 1
SELECT a FROM t UNION SELECT t_a FROM u FOR UPDATE
WITH x AS (SELECT a FROM t) SELECT * FROM x
WITH x(p) AS (SELECT a FROM t) SELECT p FROM x JOIN x y USING (p)
WITH x AS MATERIALIZED (SELECT 1 AS n) SELECT n FROM x
WITH x(p, q) AS (SELECT a FROM t) SELECT * FROM x
WITH x AS (SELECT 1), x AS (SELECT 2) SELECT * FROM x
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n FROM r
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1.5 FROM r) SELECT n FROM r
WITH RECURSIVE r AS (SELECT n FROM r) SELECT * FROM r
WITH RECURSIVE r(n) AS (SELECT n FROM r UNION ALL SELECT 1) SELECT * FROM r
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT r.n FROM r, r r2) SELECT * FROM r
WITH d AS (DELETE FROM t RETURNING a, b) SELECT * FROM d
WITH d AS (DELETE FROM t) SELECT * FROM d
SELECT * FROM (WITH d AS (DELETE FROM t RETURNING a) SELECT * FROM d) s
SELECT a FROM t FOR UPDATE
SELECT a FROM t JOIN u ON t.a = u.t_a FOR UPDATE OF t SKIP LOCKED
SELECT a FROM t FOR UPDATE OF nope
SELECT count(*) FROM t FOR UPDATE
SELECT DISTINCT a FROM t FOR SHARE
SELECT b COLLATE "C" FROM t
SELECT b COLLATE nope FROM t
SELECT a COLLATE "C" FROM t
SELECT $1
SELECT $1::int, $2 + 1, $3 || 'x'
SELECT a FROM t WHERE a = $1 AND b = $2
SELECT a FROM t WHERE a = ANY ($1)
SELECT a FROM t WHERE a IN ($1, $2)
SELECT a FROM t LIMIT $1 OFFSET $2
SELECT $1 + $2
SELECT $2::int
SELECT $1 IS NULL
SELECT COALESCE($1, a) FROM t
SELECT $1::int, $1::text
SELECT a FROM t WHERE a = $1 OR b = $1
SELECT upper($1), abs($2)
SELECT CASE WHEN $1 THEN $2 ELSE 5 END
SELECT a FROM t WHERE d > $1 AND d < now() - $2::interval
SELECT a FROM t WHERE b LIKE $1
SELECT * FROM t WHERE j @> $1
SELECT jsonb_build_object('a', $1::text)
SELECT a FROM t WHERE a BETWEEN $1 AND $2
INSERT INTO t VALUES (1, 'x')
INSERT INTO t (a, b) VALUES ($1, $2) RETURNING a, b
INSERT INTO t (a, nope) VALUES (1, 2)
INSERT INTO t (a, a) VALUES (1, 2)
INSERT INTO t (a, b) VALUES (1)
INSERT INTO t (a) VALUES (1, 2)
INSERT INTO t (a) VALUES ('x')
INSERT INTO t (a) VALUES (now())
INSERT INTO t (a, v) VALUES (1, 'abc'), (DEFAULT, DEFAULT)
INSERT INTO t (a, c, d, e, j, v) VALUES ($1, $2, $3, $4, $5, $6)
INSERT INTO t SELECT id, name FROM u
INSERT INTO t (a) SELECT name FROM u
INSERT INTO t (a, b) SELECT 1, 'x'
INSERT INTO t (a, b) SELECT $1, $2
INSERT INTO t DEFAULT VALUES RETURNING *
INSERT INTO u (id, name) VALUES (1, 'x') ON CONFLICT DO NOTHING
INSERT INTO u (id, name) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET name = excluded.name, flag = u.flag WHERE u.id > $1 RETURNING id, name AS n
INSERT INTO u (id, name) VALUES (1, 'x') ON CONFLICT (t_a) DO NOTHING
INSERT INTO u (id, name) VALUES (1, 'x') ON CONFLICT DO UPDATE SET name = 'x'
INSERT INTO u (id, name) VALUES (1, 'x') ON CONFLICT ON CONSTRAINT u_pkey DO NOTHING
INSERT INTO u (id, name) VALUES (1, 'x') ON CONFLICT ON CONSTRAINT nope DO NOTHING
INSERT INTO u (id, name) VALUES (1, 'x') ON CONFLICT (nope) DO NOTHING
INSERT INTO u AS z (id, name) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET name = z.name || excluded.name
INSERT INTO g (x) VALUES (1) RETURNING *
INSERT INTO g (id, x) VALUES (1, 1)
INSERT INTO g (id, x) OVERRIDING SYSTEM VALUE VALUES (1, 1)
INSERT INTO g (id, x) OVERRIDING USER VALUE VALUES (1, 1)
INSERT INTO g (id, x) VALUES (DEFAULT, 1)
INSERT INTO g (y) VALUES (1)
INSERT INTO g (x, y) VALUES (1, DEFAULT)
INSERT INTO g SELECT 1
INSERT INTO nope VALUES (1)
INSERT INTO t (ctid) VALUES ('(0,1)')
UPDATE t SET b = 'x'
UPDATE t SET b = $1, c = c + $2 WHERE a = $3
UPDATE t SET b = DEFAULT, a = DEFAULT WHERE a = 1 RETURNING *
UPDATE t SET nope = 1
UPDATE t SET a = 'x'
UPDATE t SET a = b
UPDATE t SET a = 1, a = 2
UPDATE t SET (a, b) = (1, 'x')
UPDATE t SET (a, b) = (SELECT t_a, name FROM u LIMIT 1)
UPDATE t SET (a, b) = (1, 2, 3)
UPDATE t SET a = sum(a)
UPDATE t x SET b = u.name FROM u WHERE u.t_a = x.a RETURNING x.a, u.name
UPDATE t x SET b = 'y' WHERE t.a = 1
UPDATE t SET b = 'y' FROM t
UPDATE g SET id = 5
UPDATE g SET y = 5
UPDATE g SET y = DEFAULT, id = DEFAULT
DELETE FROM t
DELETE FROM t WHERE a = $1 RETURNING *
DELETE FROM t USING u WHERE t.a = u.t_a RETURNING t.a, u.name
DELETE FROM t WHERE nope = 1
DELETE FROM nope
SELECT label FROM w WHERE a = 1
SELECT * FROM w
SELECT * FROM u_name
SELECT
SELECT FROM t
SELECT *
SELECT a.b.c.d.e FROM t
SELECT count(t.*), count(t) FROM t
SELECT row_to_json(t) FROM t
SELECT row_to_json(s) FROM (SELECT a, b FROM t) s
SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.t_a = t.a AND u.name = t.b)
SELECT (SELECT u.name FROM u WHERE u.t_a = t.a) FROM t
SELECT b, (SELECT max(u.id) FROM u WHERE u.t_a = t.a) FROM t GROUP BY b
SELECT (SELECT sum(t.a)) FROM t
SELECT (SELECT sum(t.a + u.t_a) FROM u) FROM t
SELECT to_char(d, 'YYYY'), date_trunc('day', d), age(d) FROM t
SELECT make_interval(days => 5)
SELECT make_interval(nope => 5)
SELECT make_interval(days => 5, 6)
SELECT jsonb_build_object('a', 1, 'b', 'x'), json_build_array(1, 'x')
SELECT a FROM t ORDER BY j::json
SELECT DISTINCT j::json FROM t
SELECT int4(5.5), text(5), float8 '1.5', date('2020-01-01')
SELECT '{"a":1}'::jsonb, '(1,2)'::point
SELECT 1 = 1.0, 1 = 1::bigint, 'a'::text = 'a'::varchar, 'a'::char(3) = 'a'
SELECT 1 OPERATOR(pg_catalog.+) 2
SELECT 1 OPERATOR(nope.+) 2
SELECT a <-> b FROM t
SELECT NOT 5
SELECT 1 AND true
SELECT 5 IS TRUE
SELECT 'true' AND true
SELECT '1' IS TRUE
SELECT * FROM t WHERE (a, b) = (1, 'x')
SELECT * FROM t WHERE (a, b) = (SELECT t_a, name FROM u LIMIT 1)
SELECT * FROM t WHERE (a, b) > ($1, $2)
SELECT * FROM t WHERE ROW(a, b) IS DISTINCT FROM ROW(1, 'x')
SELECT b'101', x'1F', E'a\nb', U&'\0041'
SELECT interval '1' day, interval '1 day 2 hours', '1 day'::interval(3), interval '5' minute
SELECT timestamp '2020-01-01', timestamptz '2020-01-01 00:00+00', time '10:00', date 'today'
SELECT oid, typname FROM pg_catalog.pg_type WHERE typname = 'int4'
SELECT 't'::regclass, 'int4'::regtype, 'nope'::regclass
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'x' AND c.relkind IN ('r', 'v')
SELECT * FROM t TABLESAMPLE bernoulli (10)
SELECT t.a FROM t LEFT JOIN LATERAL (SELECT * FROM u WHERE u.t_a = t.a ORDER BY id LIMIT 1) s ON true
SELECT * FROM t RIGHT JOIN LATERAL (SELECT t.a) s ON true
SELECT a, count(*) OVER (PARTITION BY b) FROM t GROUP BY b
SELECT max(a) FROM t ORDER BY max(a)
SELECT b FROM t ORDER BY count(*)
SELECT array_agg(DISTINCT b ORDER BY b) FROM t
SELECT mode() WITHIN GROUP (ORDER BY b), rank(5) WITHIN GROUP (ORDER BY a) FROM t
SELECT 1 WHERE false
SELECT b::name, b::"char", a::oid, a::regclass FROM t
SELECT a::bool, true::int FROM t
SELECT c::money FROM t
SELECT e[:2], e[2:] FROM t
SELECT (ARRAY[[1,2],[3,4]])[1][2], (ARRAY[[1,2],[3,4]])[1:1]
SELECT (s).a, (s).b FROM (SELECT a, b FROM t) s
SELECT (s).* FROM (SELECT a, b FROM t) s
SELECT (s).nope FROM (SELECT a, b FROM t) s
SELECT to_jsonb(s), json_agg(s), jsonb_agg(s) FROM (SELECT a, b FROM t) s GROUP BY s.a, s.b
SELECT json_agg(s) FROM (SELECT a FROM t) s
SELECT to_jsonb(t) FROM t
SELECT a FROM t WHERE $1 IS NULL OR a = $1
SELECT a FROM t WHERE a = $1 OR $1 IS NULL
SELECT n.nspname, c.relname, pg_catalog.pg_get_userbyid(c.relowner) FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r','p','') AND n.nspname <> 'pg_catalog' AND n.nspname !~ '^pg_toast' AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 1,2
SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull FROM pg_catalog.pg_attribute a WHERE a.attrelid = '1259' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
SELECT i.relname, ix.indisunique, array_agg(a.attname) FROM pg_index ix JOIN pg_class i ON i.oid = ix.indexrelid JOIN pg_attribute a ON a.attrelid = ix.indrelid AND a.attnum = ANY (ix.indkey) GROUP BY i.relname, ix.indisunique
SELECT t.typname, t.oid, e.enumlabel FROM pg_type t LEFT JOIN pg_enum e ON e.enumtypid = t.oid WHERE t.typelem = 0 AND t.typtype = 'e'
SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'
SELECT column_name, data_type, is_nullable FROM information_schema.columns WHERE table_name = $1
SELECT l_returnflag, sum(x * (1 - y)) FROM (VALUES ('a', 1.5, 2.5)) v(l_returnflag, x, y) GROUP BY l_returnflag ORDER BY l_returnflag
SELECT extract(year FROM d)::int AS y, sum(CASE WHEN b = 'x' THEN c ELSE 0 END) / sum(c) FROM t GROUP BY y
SELECT count(*) FROM t WHERE d >= date '1994-01-01' AND d < date '1994-01-01' + interval '1' year AND c BETWEEN 0.06 - 0.01 AND 0.06 + 0.01
SELECT a FROM t WHERE c > (SELECT 0.2 * avg(x.c) FROM t x WHERE x.b = t.b)
SELECT substring(b FROM 1 FOR 2), count(*) FROM t WHERE substring(b FROM 1 FOR 2) IN ('13', '31') GROUP BY 1
SELECT b, max(c) FILTER (WHERE a > 1) OVER (PARTITION BY b) FROM t
SELECT x, y FROM generate_series(1, 2) x, generate_series(x, 3) y
SELECT coalesce(sum(c), 0), round(avg(c), 2), count(DISTINCT a)::int FROM t
SELECT a, lead(d) OVER (ORDER BY d) - d FROM t
SELECT a FROM t WHERE b = ANY ($1::text[]) AND e && $2 AND e @> ARRAY[$3]
SELECT string_to_array(b, ','), array_to_string(e, ','), b ~ $1, b LIKE '%' || $2 || '%' FROM t
INSERT INTO t (a, e, j, d) VALUES (1, '{1,2}', '{"a": 1}', now()), (2, ARRAY[3], NULL, '2020-01-01')
INSERT INTO t (a, v) VALUES (1, 'abcdefgh')
INSERT INTO t (a, v) VALUES (1, 'abcdefgh'::text)
INSERT INTO t (a, c) VALUES (1, 5), (2, 5.5), (3, '7')
UPDATE t SET e = e || $1, j = jsonb_set(j, '{a}', $2) WHERE a = $3
