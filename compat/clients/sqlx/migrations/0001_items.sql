CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE TYPE place AS (x integer, label text);
CREATE TABLE item (
    id bigserial PRIMARY KEY,
    name text NOT NULL UNIQUE,
    price numeric(10,2) CHECK (price >= 0),
    at timestamptz NOT NULL DEFAULT '2020-01-01 00:00Z',
    day date,
    tags text[],
    doc jsonb NOT NULL DEFAULT '{}',
    raw bytea,
    mark uuid,
    m mood NOT NULL DEFAULT 'ok',
    much positive,
    at_place place,
    span int4range
);
