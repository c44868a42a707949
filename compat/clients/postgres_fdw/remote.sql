-- What lies on the other server.
CREATE SCHEMA far;
SET search_path = far;
CREATE TYPE shade AS ENUM ('dark', 'light');
CREATE TABLE item (
    id int PRIMARY KEY,
    name varchar(20) NOT NULL,
    price numeric(10,2) CHECK (price >= 0),
    at timestamptz DEFAULT '2020-01-01 00:00Z',
    day date,
    tags text[],
    doc jsonb,
    raw bytea,
    wait interval,
    mark uuid,
    yes boolean DEFAULT true,
    x float8,
    y float4,
    small int2,
    big int8,
    c char(5),
    addr inet,
    range int4range,
    doubled int GENERATED ALWAYS AS (id * 2) STORED
);
CREATE TABLE part (item int REFERENCES item ON DELETE CASCADE, n int, note text COLLATE "C", PRIMARY KEY (item, n));
CREATE TABLE shaded (id serial PRIMARY KEY, s text DEFAULT 'none', unlike int NOT NULL DEFAULT 7);
CREATE TABLE parted (k int, v text) PARTITION BY LIST (k);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2);
CREATE VIEW cheap AS SELECT id, name, price FROM item WHERE price < 10;
CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM item;
CREATE TABLE "Odd Name" ("Select" int, "it's" text);
CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.s := upper(NEW.s); RETURN NEW; END $$;
CREATE TRIGGER loud BEFORE INSERT OR UPDATE ON shaded FOR EACH ROW EXECUTE FUNCTION loud();
INSERT INTO item (id, name, price, day, tags, doc, raw, wait, mark, x, y, small, big, c, addr, range)
    SELECT g, 'item ' || g, g / 4.0, date '2020-01-01' + g, ARRAY['t' || g % 3, NULL], jsonb_build_object('g', g), decode(lpad(to_hex(g), 4, '0'), 'hex'), g * interval '1 hour',
           ('00000000-0000-0000-0000-' || lpad(g::text, 12, '0'))::uuid, g / 3.0, g / 8.0, g, g * 1000000000000, 'c' || g, ('10.0.0.' || g % 250)::inet, int4range(g, g + 5)
    FROM generate_series(1, 500) g;
INSERT INTO part SELECT i, n, 'note ' || n FROM generate_series(1, 500) i, generate_series(1, i % 4) n;
INSERT INTO parted SELECT 1 + g % 2, 'v' || g FROM generate_series(1, 20) g;
ANALYZE;
