CREATE TABLE t (a int PRIMARY KEY, b text, c numeric(10,2), d timestamptz, e int[], j jsonb, v varchar(5));
CREATE TABLE u (id int8 PRIMARY KEY, t_a int, name text NOT NULL, flag bool DEFAULT true);
CREATE UNIQUE INDEX u_name ON u (name);
CREATE TABLE g (id int GENERATED ALWAYS AS IDENTITY, x int, y int GENERATED ALWAYS AS (x * 2) STORED);
CREATE VIEW w AS SELECT a, b AS label FROM t;
