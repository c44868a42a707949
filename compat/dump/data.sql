-- Rows for the objects of ../psql/schema.sql, values of every type among them.
SET search_path = rich, public;
INSERT INTO kinds (name, code, amount, ratio, at, day, wait, m, tags, grid, where_at, long_span, how_many, doc, bits, addr)
VALUES ('ann', 'a', 12.5, 0.1, '2020-01-02 03:04:05.678+00', '2020-02-03', '1 day 02:03:04.05', 'happy', '{x,"y z",NULL}', '{{1,2},{3,4}}',
        '(1,2.5,"a ""label""")', '[1,2.5)', 3, '{"a": [1, 2, {"b": null}]}', '1011', '10.0.0.1/8'),
       ('bob', NULL, NULL, 'NaN', '1999-12-31 23:59:59+00', 'infinity', NULL, NULL, NULL, NULL, NULL, 'empty', NULL, 'null', NULL, '::1'),
       (E'tab\there', 'c\d', 0, '-Infinity', '2020-01-01 00:00:00+00', '0001-01-01 BC', '-1 year', 'sad', '{}', '{}', '(,,)', '(,)', 1, '"\u00e9"', '', '192.168.1.0/24');
INSERT INTO parent VALUES (1, 'one'), (2, E'two\nlines');
INSERT INTO child VALUES (3, 'three', '2020-01-01');
INSERT INTO grandchild VALUES (4, 'four', NULL, 5);
INSERT INTO owner_of VALUES (1, 7, 100, 1, NULL, '[1,5)'), (2, NULL, 110, 2, 1, NULL);
INSERT INTO "Mixed Case" VALUES (1, 'q"q', DEFAULT);
INSERT INTO by_range VALUES (1, '2020-05-05', 'in'), (2, '1990-01-01', 'old'), (3, '2030-01-01', 'rest');
INSERT INTO by_list VALUES ('a', 1), ('B', 2), (NULL, 3), ('b', 4);
INSERT INTO typed VALUES (1, 2, 'three');
SELECT setval('counter', 500), nextval('down'), nextval('down');
REFRESH MATERIALIZED VIEW stored;
RESET search_path;
