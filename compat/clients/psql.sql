-- What psql itself sends: the \d family, \copy, \gdesc.
CREATE TABLE psql_t (id serial PRIMARY KEY, name text NOT NULL, price numeric(8,2) CHECK (price > 0));
CREATE INDEX psql_t_name ON psql_t (name);
CREATE VIEW psql_v AS SELECT id, name FROM psql_t;
\dt
\d psql_t
\d+ psql_t
\d psql_v
\di
\dv
\ds
\l
\dn
\du
\df upper
\dT
\copy psql_t (name, price) from program 'printf "a\t1.50\nb\t2.00\n"'
\copy psql_t to '/dev/null' csv header
SELECT * FROM psql_t \gdesc
DROP TABLE psql_t CASCADE;
