-- What the random queries read: NULLs, duplicates, indexes, partitions, inheritance, a view.
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE a (id int PRIMARY KEY, i int, b bigint, n numeric(12,3), t text, d date, f boolean, m mood, x int[]);
CREATE INDEX a_i ON a (i);
CREATE INDEX a_t ON a (t, i);
CREATE INDEX a_some ON a (n) WHERE f;
INSERT INTO a
SELECT g, nullif(g * 7 % 23, 5), nullif((g * 1000003)::bigint % 97, 11), nullif(round((g * 37 % 101) / 7.0, 3), 0),
       nullif(chr(97 + g % 5) || repeat('b', g % 3), 'ab'), nullif(date '2020-02-27' + g % 9, date '2020-03-01'),
       CASE g % 5 WHEN 0 THEN NULL WHEN 1 THEN false ELSE true END,
       (enum_range(NULL::mood))[nullif(g % 4, 0)],
       CASE WHEN g % 6 > 0 THEN ARRAY[g % 4, nullif(g % 3, 1), g] END
FROM generate_series(1, 120) AS g;
CREATE TABLE b (id serial PRIMARY KEY, i int UNIQUE, a_id int, t varchar(8), c char(4), v double precision, n numeric,
                s timestamp, j jsonb, r int4range);
INSERT INTO b (i, a_id, t, c, v, n, s, j, r)
SELECT CASE WHEN g % 9 > 0 THEN g END, nullif(g % 130, 3), nullif(left('xyzzyab', g % 7), ''), chr(97 + g % 4) || ' ',
       CASE g % 11 WHEN 0 THEN NULL WHEN 1 THEN 'NaN' WHEN 2 THEN 'infinity' ELSE g / 8.0 END,
       CASE g % 13 WHEN 0 THEN 'NaN' WHEN 1 THEN NULL ELSE g * 1.5 END,
       nullif(timestamp '2020-02-28 12:00' + g * interval '7 hours', timestamp '2020-02-29 09:00'),
       CASE WHEN g % 4 > 0 THEN jsonb_build_object('k', g % 5, 'l', jsonb_build_array(g % 3, 'v')) END,
       CASE WHEN g % 5 > 0 THEN int4range(g % 10, g % 10 + g % 4) END
FROM generate_series(1, 90) AS g;
CREATE INDEX b_a ON b (a_id);
CREATE INDEX b_c ON b (c, t);
CREATE TABLE p (k int, i int, t text) PARTITION BY RANGE (k);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (MINVALUE) TO (10);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20) PARTITION BY LIST (i);
CREATE TABLE p2a PARTITION OF p2 FOR VALUES IN (0, 1, NULL);
CREATE TABLE p2b PARTITION OF p2 DEFAULT;
CREATE TABLE p3 PARTITION OF p DEFAULT;
CREATE INDEX p_i ON p (i);
INSERT INTO p SELECT nullif(g % 31, 7), nullif(g % 6, 4), chr(97 + g % 6) FROM generate_series(1, 100) AS g;
CREATE TABLE e (i int, t text);
CREATE TABLE parent (i int, t text);
CREATE TABLE child (extra int) INHERITS (parent);
INSERT INTO parent SELECT g, nullif(chr(97 + g % 3), 'b') FROM generate_series(1, 20) AS g;
INSERT INTO child SELECT nullif(g, 15), chr(97 + g % 4), g FROM generate_series(11, 30) AS g;
CREATE VIEW w AS SELECT t, count(*) AS c, max(i) AS i FROM a GROUP BY t;
ANALYZE;
