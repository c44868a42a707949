-- What the data directories of tests/formats.rs are made of.
CREATE TABLE every_type (id int PRIMARY KEY, t text, n numeric(16, 2), ts timestamptz, a int[], j jsonb, b boolean);
CREATE INDEX ON every_type (t DESC NULLS FIRST, n);
CREATE INDEX ON every_type USING gin (a);
CREATE SEQUENCE numbers;
SELECT setval('numbers', 17);
CREATE TABLE many (n bigint PRIMARY KEY, CHECK (n > 0)) PARTITION BY RANGE (n);
CREATE TABLE many_low PARTITION OF many FOR VALUES FROM (MINVALUE) TO (1000);
CREATE TABLE many_high PARTITION OF many FOR VALUES FROM (1000) TO (MAXVALUE);
INSERT INTO many SELECT generate_series(1, 2000);
CREATE TABLE refers (id int REFERENCES every_type ON DELETE CASCADE, UNIQUE (id) DEFERRABLE);
CREATE VIEW seen AS SELECT id, t FROM every_type WHERE b;
SET TimeZone = 'UTC';
INSERT INTO every_type VALUES
    (1, 'one', 1.5, '2001-02-03 04:05:06', '{1,2,3}', '{"a": [1, null]}', false),
    (2, 'two', -0.01, NULL, '{}', 'null', true),
    (5, 'gone', NULL, NULL, NULL, NULL, NULL);
INSERT INTO refers VALUES (1), (5);
DELETE FROM every_type WHERE id = 5;
CHECKPOINT;
INSERT INTO every_type (id) VALUES (3);
INSERT INTO every_type VALUES (4, 'zwölf', 99999999999999.99, 'epoch', '{NULL}', '"x"', true);
