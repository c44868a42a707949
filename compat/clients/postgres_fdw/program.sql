-- postgres_fdw and dblink on PostgreSQL, over the other server at :host:port.
\set ON_ERROR_STOP off
\set VERBOSITY verbose
\pset null '~'
SET client_min_messages = warning;
SET TimeZone = 'UTC';
\echo == extensions and servers
CREATE EXTENSION postgres_fdw;
CREATE EXTENSION dblink;
CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host :'host', port :'port', dbname :'dbname', use_remote_estimate 'true', fetch_size '37', batch_size '10');
CREATE SERVER far_async FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host :'host', port :'port', dbname :'dbname', async_capable 'true', keep_connections 'false');
CREATE USER MAPPING FOR CURRENT_USER SERVER far OPTIONS (user :'user', password_required 'false');
CREATE USER MAPPING FOR CURRENT_USER SERVER far_async OPTIONS (user :'user', password_required 'false');
CREATE SCHEMA near;
SET search_path = near;
CREATE TYPE shade AS ENUM ('dark', 'light');

\echo == import
CREATE SCHEMA imported;
IMPORT FOREIGN SCHEMA far FROM SERVER far INTO imported OPTIONS (import_default 'true');
IMPORT FOREIGN SCHEMA far EXCEPT (shaded) FROM SERVER far INTO imported OPTIONS (import_default 'true');
CREATE FOREIGN TABLE imported.shaded (s text, unlike int) SERVER far OPTIONS (schema_name 'far', table_name 'shaded');
SELECT c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated, pg_get_expr(d.adbin, d.adrelid), a.attfdwoptions, l.collname
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum LEFT JOIN pg_collation l ON l.oid = a.attcollation
WHERE c.relnamespace = 'imported'::regnamespace ORDER BY 1, 2;
CREATE SCHEMA imported_few;
IMPORT FOREIGN SCHEMA far LIMIT TO (item, "Odd Name", absent) FROM SERVER far INTO imported_few OPTIONS (import_collate 'false', import_not_null 'false');
SELECT ftrelid::regclass, ftoptions FROM pg_foreign_table ORDER BY 1;
IMPORT FOREIGN SCHEMA absent FROM SERVER far INTO imported_few;
IMPORT FOREIGN SCHEMA far EXCEPT (item, part, shaded, parted, cheap, counted) FROM SERVER far_async INTO near;
SET search_path = imported, public;
ALTER FOREIGN TABLE item OPTIONS (ADD updatable 'true');
ANALYZE item;
ANALYZE part;
SELECT relname, reltuples FROM pg_class WHERE relname IN ('item', 'part') AND relnamespace = 'imported'::regnamespace ORDER BY 1;

\echo == rows of every type
SELECT * FROM item WHERE id < 4 ORDER BY id;
SELECT * FROM "Odd Name";
SELECT * FROM counted;
SELECT count(*), min(v), max(v) FROM parted;

\echo == conditions that go over
SET enable_hashjoin = off; SET enable_mergejoin = off;
EXPLAIN (VERBOSE, COSTS OFF) SELECT id, name FROM item WHERE id > 10 AND price < 5 AND name LIKE 'item 1%' AND yes AND tags @> ARRAY['t1'] ORDER BY id;
SELECT id, name FROM item WHERE id > 10 AND price < 5 AND name LIKE 'item 1%' AND yes AND tags @> ARRAY['t1'] ORDER BY id;
SELECT count(*) FROM item WHERE at = '2020-01-01 00:00Z' AND day BETWEEN '2020-02-01' AND '2020-03-01';
SELECT id FROM item WHERE doc ->> 'g' = '7';
SELECT id FROM item WHERE id IN (3, 5, 7) ORDER BY price DESC;
SELECT id FROM item WHERE x > 100.3 AND y < 40 AND small = 305;
SELECT id FROM item WHERE mark = '00000000-0000-0000-0000-000000000042';
SELECT id FROM item WHERE range @> 100 ORDER BY id;
SELECT id FROM item WHERE (id, name) IN (SELECT 5, 'item 5'::varchar);
SELECT id, CASE WHEN id > 2 THEN 'big' ELSE name END FROM item WHERE coalesce(price, 0) <= 1 ORDER BY id LIMIT 3 OFFSET 1;
SELECT id FROM item WHERE name IS DISTINCT FROM 'item 2' AND NOT (id > 3) AND addr <<= '10.0.0.0/24' ORDER BY 1;
SELECT id FROM item WHERE c = 'c9' AND wait > interval '1 hour' AND raw = '\x0009';
RESET enable_hashjoin; RESET enable_mergejoin;

\echo == parameters
PREPARE by_id(int) AS SELECT id, name, price FROM item WHERE id = $1;
EXECUTE by_id(1); EXECUTE by_id(2); EXECUTE by_id(3); EXECUTE by_id(4); EXECUTE by_id(5); EXECUTE by_id(6); EXECUTE by_id(7);
SELECT i, (SELECT name FROM item WHERE id = i) FROM generate_series(1, 3) i;
SELECT n.i, item.name FROM generate_series(1, 40, 13) n(i) JOIN item ON item.id = n.i ORDER BY 1;

\echo == joins
SELECT i.id, p.n, p.note FROM item i JOIN part p ON p.item = i.id WHERE i.id < 6 ORDER BY 1, 2;
SELECT i.id, p.n FROM item i LEFT JOIN part p ON p.item = i.id AND p.n > 1 WHERE i.id < 6 ORDER BY 1, 2;
SELECT count(*) FROM item i FULL JOIN part p ON p.item = i.id;
SELECT count(*) FROM item i WHERE EXISTS (SELECT FROM part p WHERE p.item = i.id);
SELECT count(*) FROM item i WHERE NOT EXISTS (SELECT FROM part p WHERE p.item = i.id AND p.n = 3);
SELECT i FROM item i JOIN part p ON p.item = i.id WHERE i.id = 2 ORDER BY p.n;
SELECT i.id FROM item i JOIN part p ON p.item = i.id JOIN shaded s ON s.unlike = p.n;

\echo == aggregates
SELECT count(*), sum(price), avg(price), min(day), max(at), bool_and(yes), sum(x)::numeric(12,3) FROM item;
SELECT id % 3 AS k, count(*), sum(big), array_agg(id ORDER BY id DESC) FILTER (WHERE id < 8) FROM item GROUP BY 1 ORDER BY 1;
SELECT id % 5 AS k, max(price) FROM item GROUP BY 1 HAVING count(*) > 99 AND avg(id) > 250 ORDER BY 2 DESC;
SELECT p.n, count(*), string_agg(DISTINCT p.note, ',') FROM item i JOIN part p ON p.item = i.id GROUP BY p.n ORDER BY p.n;
SELECT variance(id), stddev(price), corr(x, id), percentile_disc(0.5) WITHIN GROUP (ORDER BY id) FROM item;
SELECT DISTINCT id % 4 FROM item ORDER BY 1;
SELECT id FROM item ORDER BY name COLLATE "C" DESC NULLS LAST LIMIT 3;

\echo == writes
INSERT INTO item (id, name, price) VALUES (1001, 'new', 1.5), (1002, 'newer', 2.5) RETURNING id, doubled, at, yes;
INSERT INTO item (id, name) SELECT g, 'bulk ' || g FROM generate_series(2000, 2099) g;
SELECT count(*), sum(doubled) FROM item WHERE id >= 2000;
UPDATE item SET price = coalesce(price, 0) + 1, name = upper(name) WHERE id BETWEEN 1001 AND 1002 RETURNING *;
UPDATE item SET price = p.n FROM part p WHERE p.item = item.id AND item.id = 2 AND p.n = 2 RETURNING item.id, p.note, price;
UPDATE item SET tags = tags || random()::int::text WHERE id = 1001 RETURNING array_length(tags, 1);
DELETE FROM item WHERE id >= 2050 RETURNING id % 10;
DELETE FROM item USING part p WHERE p.item = item.id AND item.id = 1001;
INSERT INTO shaded (s) VALUES ('quiet') RETURNING *;
INSERT INTO shaded VALUES ('quiet', 1), ('quieter', 2) RETURNING *;
UPDATE shaded SET s = 'still quiet' RETURNING s;
INSERT INTO cheap VALUES (3000, 'by view', 1) RETURNING *;
INSERT INTO parted VALUES (1, 'in'), (2, 'in');
INSERT INTO parted VALUES (3, 'nowhere');
INSERT INTO "Odd Name" VALUES (1, 'x') RETURNING "Select", "it's";
INSERT INTO item (id, name) VALUES (1, 'again') ON CONFLICT DO NOTHING;
INSERT INTO item (id, name) VALUES (1, 'again') ON CONFLICT (id) DO UPDATE SET name = 'x';
COPY part FROM STDIN;
1	100	copied
1	101	\N
\.
SELECT * FROM part WHERE n >= 100 ORDER BY n;
TRUNCATE parted;
SELECT count(*) FROM parted;

\echo == errors
INSERT INTO item (id, name) VALUES (1, 'again');
INSERT INTO item (id, name) VALUES (5000, NULL);
INSERT INTO item (id, name, price) VALUES (5000, 'x', -1);
INSERT INTO part VALUES (99999, 1, '');
INSERT INTO item (id, name) VALUES (5000, '123456789012345678901');
SELECT 1 / (id - 3) FROM item ORDER BY id;
SELECT id FROM item WHERE 1 / (id - 3) > 0;
CREATE FOREIGN TABLE gone (a int) SERVER far OPTIONS (schema_name 'far', table_name 'gone');
SELECT * FROM gone;
CREATE FOREIGN TABLE wrong (id date) SERVER far OPTIONS (schema_name 'far', table_name 'item');
SELECT * FROM wrong LIMIT 1;

\echo == transactions
BEGIN;
INSERT INTO item (id, name) VALUES (6000, 'kept');
SAVEPOINT a;
INSERT INTO item (id, name) VALUES (6001, 'undone');
INSERT INTO item (id, name) VALUES (6000, 'twice');
ROLLBACK TO a;
SAVEPOINT b;
INSERT INTO item (id, name) VALUES (6002, 'kept too');
RELEASE b;
SELECT id, name FROM item WHERE id >= 6000 ORDER BY id;
COMMIT;
SELECT id, name FROM item WHERE id >= 6000 ORDER BY id;
BEGIN;
DELETE FROM item WHERE id >= 6000;
ROLLBACK;
SELECT count(*) FROM item WHERE id >= 6000;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT count(*) FROM item;
UPDATE item SET name = name WHERE id = 1;
COMMIT;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM item ORDER BY id;
FETCH 3 FROM c;
SAVEPOINT s;
UPDATE item SET name = 'moved' WHERE id = 4;
FETCH 2 FROM c;
ROLLBACK TO s;
FETCH 2 FROM c;
SELECT name FROM item WHERE id = 4;
COMMIT;
BEGIN;
SELECT id FROM item WHERE id < 3 ORDER BY id FOR UPDATE;
SELECT id FROM item WHERE id < 3 ORDER BY id FOR SHARE;
COMMIT;
BEGIN;
SELECT count(*) FROM item;
PREPARE TRANSACTION 'far';
ROLLBACK;
SELECT server_name, valid FROM postgres_fdw_get_connections() ORDER BY 1;
SELECT postgres_fdw_disconnect_all();

\echo == many rows
SELECT count(*), sum(length(a.name)) FROM item a, item b WHERE b.id < 50;
CREATE FOREIGN TABLE endless (g int) SERVER far OPTIONS (schema_name 'pg_catalog', table_name 'pg_class');
SET statement_timeout = '700ms';
SELECT count(*) FROM dblink('far', 'SELECT pg_sleep(20)') AS t(x text);
RESET statement_timeout;

\echo == asynchronous append
CREATE TABLE near.wide (k int, v text) PARTITION BY LIST (k);
CREATE FOREIGN TABLE near.wide_1 PARTITION OF near.wide FOR VALUES IN (1) SERVER far_async OPTIONS (schema_name 'far', table_name 'parted_1');
CREATE FOREIGN TABLE near.wide_2 PARTITION OF near.wide FOR VALUES IN (2) SERVER far OPTIONS (schema_name 'far', table_name 'parted_2', async_capable 'true');
EXPLAIN (COSTS OFF) SELECT * FROM near.wide;
INSERT INTO near.wide SELECT 1 + g % 2, 'w' || g FROM generate_series(1, 1000) g;
SELECT k, count(*), min(v), max(v) FROM near.wide GROUP BY k ORDER BY k;
SELECT count(*) FROM (SELECT * FROM near.wide WHERE v LIKE 'w1%' UNION ALL SELECT id, name FROM item) u;
UPDATE near.wide SET v = v || '!' WHERE v LIKE 'w99%';
SELECT k, v FROM near.wide WHERE v LIKE '%!' ORDER BY v;

\echo == dblink
SELECT dblink_connect('d', format('host=%s port=%s dbname=%s user=%s', :'host', :'port', :'dbname', :'user'));
SELECT * FROM dblink('d', 'SELECT id, name, tags FROM far.item WHERE id < 4 ORDER BY id') AS t(id int, name text, tags text[]);
SELECT dblink_exec('d', 'BEGIN');
SELECT dblink_exec('d', 'INSERT INTO far."Odd Name" VALUES (5, ''by dblink'')');
SELECT dblink_exec('d', 'COMMIT');
SELECT dblink_open('d', 'cur', 'SELECT g FROM generate_series(1, 5) g');
SELECT * FROM dblink_fetch('d', 'cur', 3) AS t(g int);
SELECT * FROM dblink_fetch('d', 'cur', 3) AS t(g int);
SELECT dblink_close('d', 'cur');
SELECT dblink_send_query('d', 'SELECT 1 AS a; SELECT 2');
SELECT * FROM dblink_get_result('d') AS t(a int);
SELECT * FROM dblink_get_result('d') AS t(a int);
SELECT * FROM dblink_get_result('d') AS t(a int);
SELECT dblink_exec('d', 'SELECT 1/0');
SELECT dblink_exec('d', 'DROP TABLE absent', false);
SELECT dblink_error_message('d');
SELECT * FROM dblink_get_pkey('far.item');
SELECT dblink_send_query('d', 'SELECT pg_sleep(20)');
SELECT dblink_cancel_query('d');
SELECT * FROM dblink_get_result('d') AS t(a text);
SELECT * FROM dblink_get_notify('d');
SELECT dblink_disconnect('d');
