-- Built-in casts; unpinned_oids.tsv has their OIDs.
-- Casts between text types and all others by way of input and output functions are not
-- listed; they are a rule, as in PostgreSQL.

-- from int8

CREATE CAST (int8 AS int2) WITH FUNCTION pg_catalog.int2(int8) AS ASSIGNMENT;
CREATE CAST (int8 AS int4) WITH FUNCTION pg_catalog.int4(int8) AS ASSIGNMENT;
CREATE CAST (int8 AS float4) WITH FUNCTION pg_catalog.float4(int8) AS IMPLICIT;
CREATE CAST (int8 AS float8) WITH FUNCTION pg_catalog.float8(int8) AS IMPLICIT;
CREATE CAST (int8 AS numeric) WITH FUNCTION pg_catalog."numeric"(int8) AS IMPLICIT;
CREATE CAST (int8 AS money) WITH FUNCTION pg_catalog.money(int8) AS ASSIGNMENT;
CREATE CAST (int8 AS oid) WITH FUNCTION pg_catalog.oid(int8) AS IMPLICIT;
CREATE CAST (int8 AS regproc) WITH FUNCTION pg_catalog.oid(int8) AS IMPLICIT;
CREATE CAST (int8 AS regprocedure) WITH FUNCTION pg_catalog.oid(int8) AS IMPLICIT;
CREATE CAST (int8 AS regoper) WITH FUNCTION pg_catalog.oid(int8) AS IMPLICIT;
CREATE CAST (int8 AS regoperator) WITH FUNCTION pg_catalog.oid(int8) AS IMPLICIT;
CREATE CAST (int8 AS regclass) WITH FUNCTION pg_catalog.oid(int8) AS IMPLICIT;
CREATE CAST (int8 AS regcollation) WITH FUNCTION pg_catalog.oid(int8) AS IMPLICIT;
CREATE CAST (int8 AS regtype) WITH FUNCTION pg_catalog.oid(int8) AS IMPLICIT;
CREATE CAST (int8 AS regconfig) WITH FUNCTION pg_catalog.oid(int8) AS IMPLICIT;
CREATE CAST (int8 AS regdictionary) WITH FUNCTION pg_catalog.oid(int8) AS IMPLICIT;
CREATE CAST (int8 AS regrole) WITH FUNCTION pg_catalog.oid(int8) AS IMPLICIT;
CREATE CAST (int8 AS regnamespace) WITH FUNCTION pg_catalog.oid(int8) AS IMPLICIT;
CREATE CAST (int8 AS bit) WITH FUNCTION pg_catalog."bit"(int8, int4);

-- from int2

CREATE CAST (int2 AS int8) WITH FUNCTION pg_catalog.int8(int2) AS IMPLICIT;
CREATE CAST (int2 AS int4) WITH FUNCTION pg_catalog.int4(int2) AS IMPLICIT;
CREATE CAST (int2 AS float4) WITH FUNCTION pg_catalog.float4(int2) AS IMPLICIT;
CREATE CAST (int2 AS float8) WITH FUNCTION pg_catalog.float8(int2) AS IMPLICIT;
CREATE CAST (int2 AS numeric) WITH FUNCTION pg_catalog."numeric"(int2) AS IMPLICIT;
CREATE CAST (int2 AS oid) WITH FUNCTION pg_catalog.int4(int2) AS IMPLICIT;
CREATE CAST (int2 AS regproc) WITH FUNCTION pg_catalog.int4(int2) AS IMPLICIT;
CREATE CAST (int2 AS regprocedure) WITH FUNCTION pg_catalog.int4(int2) AS IMPLICIT;
CREATE CAST (int2 AS regoper) WITH FUNCTION pg_catalog.int4(int2) AS IMPLICIT;
CREATE CAST (int2 AS regoperator) WITH FUNCTION pg_catalog.int4(int2) AS IMPLICIT;
CREATE CAST (int2 AS regclass) WITH FUNCTION pg_catalog.int4(int2) AS IMPLICIT;
CREATE CAST (int2 AS regcollation) WITH FUNCTION pg_catalog.int4(int2) AS IMPLICIT;
CREATE CAST (int2 AS regtype) WITH FUNCTION pg_catalog.int4(int2) AS IMPLICIT;
CREATE CAST (int2 AS regconfig) WITH FUNCTION pg_catalog.int4(int2) AS IMPLICIT;
CREATE CAST (int2 AS regdictionary) WITH FUNCTION pg_catalog.int4(int2) AS IMPLICIT;
CREATE CAST (int2 AS regrole) WITH FUNCTION pg_catalog.int4(int2) AS IMPLICIT;
CREATE CAST (int2 AS regnamespace) WITH FUNCTION pg_catalog.int4(int2) AS IMPLICIT;

-- from int4

CREATE CAST (int4 AS int8) WITH FUNCTION pg_catalog.int8(int4) AS IMPLICIT;
CREATE CAST (int4 AS int2) WITH FUNCTION pg_catalog.int2(int4) AS ASSIGNMENT;
CREATE CAST (int4 AS float4) WITH FUNCTION pg_catalog.float4(int4) AS IMPLICIT;
CREATE CAST (int4 AS float8) WITH FUNCTION pg_catalog.float8(int4) AS IMPLICIT;
CREATE CAST (int4 AS numeric) WITH FUNCTION pg_catalog."numeric"(int4) AS IMPLICIT;
CREATE CAST (int4 AS money) WITH FUNCTION pg_catalog.money(int4) AS ASSIGNMENT;
CREATE CAST (int4 AS bool) WITH FUNCTION pg_catalog.bool(int4);
CREATE CAST (int4 AS oid) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (int4 AS regproc) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (int4 AS regprocedure) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (int4 AS regoper) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (int4 AS regoperator) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (int4 AS regclass) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (int4 AS regcollation) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (int4 AS regtype) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (int4 AS regconfig) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (int4 AS regdictionary) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (int4 AS regrole) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (int4 AS regnamespace) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (int4 AS "char") WITH FUNCTION pg_catalog."char"(int4);
CREATE CAST (int4 AS bit) WITH FUNCTION pg_catalog."bit"(int4, int4);

-- from float4

CREATE CAST (float4 AS int8) WITH FUNCTION pg_catalog.int8(float4) AS ASSIGNMENT;
CREATE CAST (float4 AS int2) WITH FUNCTION pg_catalog.int2(float4) AS ASSIGNMENT;
CREATE CAST (float4 AS int4) WITH FUNCTION pg_catalog.int4(float4) AS ASSIGNMENT;
CREATE CAST (float4 AS float8) WITH FUNCTION pg_catalog.float8(float4) AS IMPLICIT;
CREATE CAST (float4 AS numeric) WITH FUNCTION pg_catalog."numeric"(float4) AS ASSIGNMENT;

-- from float8

CREATE CAST (float8 AS int8) WITH FUNCTION pg_catalog.int8(float8) AS ASSIGNMENT;
CREATE CAST (float8 AS int2) WITH FUNCTION pg_catalog.int2(float8) AS ASSIGNMENT;
CREATE CAST (float8 AS int4) WITH FUNCTION pg_catalog.int4(float8) AS ASSIGNMENT;
CREATE CAST (float8 AS float4) WITH FUNCTION pg_catalog.float4(float8) AS ASSIGNMENT;
CREATE CAST (float8 AS numeric) WITH FUNCTION pg_catalog."numeric"(float8) AS ASSIGNMENT;

-- from numeric

CREATE CAST (numeric AS int8) WITH FUNCTION pg_catalog.int8(numeric) AS ASSIGNMENT;
CREATE CAST (numeric AS int2) WITH FUNCTION pg_catalog.int2(numeric) AS ASSIGNMENT;
CREATE CAST (numeric AS int4) WITH FUNCTION pg_catalog.int4(numeric) AS ASSIGNMENT;
CREATE CAST (numeric AS float4) WITH FUNCTION pg_catalog.float4(numeric) AS IMPLICIT;
CREATE CAST (numeric AS float8) WITH FUNCTION pg_catalog.float8(numeric) AS IMPLICIT;
CREATE CAST (numeric AS money) WITH FUNCTION pg_catalog.money(numeric) AS ASSIGNMENT;
CREATE CAST (numeric AS numeric) WITH FUNCTION pg_catalog."numeric"(numeric, int4) AS IMPLICIT;

-- from money

CREATE CAST (money AS numeric) WITH FUNCTION pg_catalog."numeric"(money) AS ASSIGNMENT;

-- from bool

CREATE CAST (bool AS int4) WITH FUNCTION pg_catalog.int4(bool);
CREATE CAST (bool AS text) WITH FUNCTION pg_catalog.text(bool) AS ASSIGNMENT;
CREATE CAST (bool AS varchar) WITH FUNCTION pg_catalog.text(bool) AS ASSIGNMENT;
CREATE CAST (bool AS bpchar) WITH FUNCTION pg_catalog.text(bool) AS ASSIGNMENT;

-- from xid8

CREATE CAST (xid8 AS xid) WITH FUNCTION pg_catalog.xid(xid8);

-- from oid

CREATE CAST (oid AS int8) WITH FUNCTION pg_catalog.int8(oid) AS ASSIGNMENT;
CREATE CAST (oid AS int4) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (oid AS regproc) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (oid AS regprocedure) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (oid AS regoper) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (oid AS regoperator) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (oid AS regclass) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (oid AS regcollation) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (oid AS regtype) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (oid AS regconfig) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (oid AS regdictionary) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (oid AS regrole) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (oid AS regnamespace) WITHOUT FUNCTION AS IMPLICIT;

-- from regproc

CREATE CAST (regproc AS oid) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (regproc AS int8) WITH FUNCTION pg_catalog.int8(oid) AS ASSIGNMENT;
CREATE CAST (regproc AS int4) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (regproc AS regprocedure) WITHOUT FUNCTION AS IMPLICIT;

-- from regprocedure

CREATE CAST (regprocedure AS regproc) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (regprocedure AS oid) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (regprocedure AS int8) WITH FUNCTION pg_catalog.int8(oid) AS ASSIGNMENT;
CREATE CAST (regprocedure AS int4) WITHOUT FUNCTION AS ASSIGNMENT;

-- from regoper

CREATE CAST (regoper AS oid) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (regoper AS int8) WITH FUNCTION pg_catalog.int8(oid) AS ASSIGNMENT;
CREATE CAST (regoper AS int4) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (regoper AS regoperator) WITHOUT FUNCTION AS IMPLICIT;

-- from regoperator

CREATE CAST (regoperator AS regoper) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (regoperator AS oid) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (regoperator AS int8) WITH FUNCTION pg_catalog.int8(oid) AS ASSIGNMENT;
CREATE CAST (regoperator AS int4) WITHOUT FUNCTION AS ASSIGNMENT;

-- from regclass

CREATE CAST (regclass AS oid) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (regclass AS int8) WITH FUNCTION pg_catalog.int8(oid) AS ASSIGNMENT;
CREATE CAST (regclass AS int4) WITHOUT FUNCTION AS ASSIGNMENT;

-- from regcollation

CREATE CAST (regcollation AS oid) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (regcollation AS int8) WITH FUNCTION pg_catalog.int8(oid) AS ASSIGNMENT;
CREATE CAST (regcollation AS int4) WITHOUT FUNCTION AS ASSIGNMENT;

-- from regtype

CREATE CAST (regtype AS oid) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (regtype AS int8) WITH FUNCTION pg_catalog.int8(oid) AS ASSIGNMENT;
CREATE CAST (regtype AS int4) WITHOUT FUNCTION AS ASSIGNMENT;

-- from regconfig

CREATE CAST (regconfig AS oid) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (regconfig AS int8) WITH FUNCTION pg_catalog.int8(oid) AS ASSIGNMENT;
CREATE CAST (regconfig AS int4) WITHOUT FUNCTION AS ASSIGNMENT;

-- from regdictionary

CREATE CAST (regdictionary AS oid) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (regdictionary AS int8) WITH FUNCTION pg_catalog.int8(oid) AS ASSIGNMENT;
CREATE CAST (regdictionary AS int4) WITHOUT FUNCTION AS ASSIGNMENT;

-- from text

CREATE CAST (text AS regclass) WITH FUNCTION pg_catalog.regclass(text) AS IMPLICIT;
CREATE CAST (text AS bpchar) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (text AS varchar) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (text AS "char") WITH FUNCTION pg_catalog."char"(text) AS ASSIGNMENT;
CREATE CAST (text AS name) WITH FUNCTION pg_catalog.name(text) AS IMPLICIT;
CREATE CAST (text AS xml) WITH FUNCTION pg_catalog.xml(text);

-- from varchar

CREATE CAST (varchar AS regclass) WITH FUNCTION pg_catalog.regclass(text) AS IMPLICIT;
CREATE CAST (varchar AS text) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (varchar AS bpchar) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (varchar AS "char") WITH FUNCTION pg_catalog."char"(text) AS ASSIGNMENT;
CREATE CAST (varchar AS name) WITH FUNCTION pg_catalog.name(varchar) AS IMPLICIT;
CREATE CAST (varchar AS xml) WITH FUNCTION pg_catalog.xml(text);
CREATE CAST (varchar AS varchar) WITH FUNCTION pg_catalog."varchar"(varchar, int4, bool) AS IMPLICIT;

-- from regrole

CREATE CAST (regrole AS oid) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (regrole AS int8) WITH FUNCTION pg_catalog.int8(oid) AS ASSIGNMENT;
CREATE CAST (regrole AS int4) WITHOUT FUNCTION AS ASSIGNMENT;

-- from regnamespace

CREATE CAST (regnamespace AS oid) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (regnamespace AS int8) WITH FUNCTION pg_catalog.int8(oid) AS ASSIGNMENT;
CREATE CAST (regnamespace AS int4) WITHOUT FUNCTION AS ASSIGNMENT;

-- from bpchar

CREATE CAST (bpchar AS text) WITH FUNCTION pg_catalog.text(bpchar) AS IMPLICIT;
CREATE CAST (bpchar AS varchar) WITH FUNCTION pg_catalog.text(bpchar) AS IMPLICIT;
CREATE CAST (bpchar AS "char") WITH FUNCTION pg_catalog."char"(text) AS ASSIGNMENT;
CREATE CAST (bpchar AS name) WITH FUNCTION pg_catalog.name(bpchar) AS IMPLICIT;
CREATE CAST (bpchar AS xml) WITH FUNCTION pg_catalog.xml(text);
CREATE CAST (bpchar AS bpchar) WITH FUNCTION pg_catalog.bpchar(bpchar, int4, bool) AS IMPLICIT;

-- from "char"

CREATE CAST ("char" AS text) WITH FUNCTION pg_catalog.text("char") AS IMPLICIT;
CREATE CAST ("char" AS bpchar) WITH FUNCTION pg_catalog.bpchar("char") AS ASSIGNMENT;
CREATE CAST ("char" AS varchar) WITH FUNCTION pg_catalog.text("char") AS ASSIGNMENT;
CREATE CAST ("char" AS int4) WITH FUNCTION pg_catalog.int4("char");

-- from name

CREATE CAST (name AS text) WITH FUNCTION pg_catalog.text(name) AS IMPLICIT;
CREATE CAST (name AS bpchar) WITH FUNCTION pg_catalog.bpchar(name) AS ASSIGNMENT;
CREATE CAST (name AS varchar) WITH FUNCTION pg_catalog."varchar"(name) AS ASSIGNMENT;

-- from pg_node_tree

CREATE CAST (pg_node_tree AS text) WITHOUT FUNCTION AS IMPLICIT;

-- from pg_ndistinct

CREATE CAST (pg_ndistinct AS bytea) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (pg_ndistinct AS text) WITH INOUT AS IMPLICIT;

-- from pg_dependencies

CREATE CAST (pg_dependencies AS bytea) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (pg_dependencies AS text) WITH INOUT AS IMPLICIT;

-- from pg_mcv_list

CREATE CAST (pg_mcv_list AS bytea) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (pg_mcv_list AS text) WITH INOUT AS IMPLICIT;

-- from date

CREATE CAST (date AS timestamp) WITH FUNCTION pg_catalog."timestamp"(date) AS IMPLICIT;
CREATE CAST (date AS timestamptz) WITH FUNCTION pg_catalog.timestamptz(date) AS IMPLICIT;

-- from time

CREATE CAST (time AS interval) WITH FUNCTION pg_catalog."interval"(time) AS IMPLICIT;
CREATE CAST (time AS timetz) WITH FUNCTION pg_catalog.timetz(time) AS IMPLICIT;
CREATE CAST (time AS time) WITH FUNCTION pg_catalog."time"(time, int4) AS IMPLICIT;

-- from timestamp

CREATE CAST (timestamp AS date) WITH FUNCTION pg_catalog.date(timestamp) AS ASSIGNMENT;
CREATE CAST (timestamp AS time) WITH FUNCTION pg_catalog."time"(timestamp) AS ASSIGNMENT;
CREATE CAST (timestamp AS timestamptz) WITH FUNCTION pg_catalog.timestamptz(timestamp) AS IMPLICIT;
CREATE CAST (timestamp AS timestamp) WITH FUNCTION pg_catalog."timestamp"(timestamp, int4) AS IMPLICIT;

-- from timestamptz

CREATE CAST (timestamptz AS date) WITH FUNCTION pg_catalog.date(timestamptz) AS ASSIGNMENT;
CREATE CAST (timestamptz AS time) WITH FUNCTION pg_catalog."time"(timestamptz) AS ASSIGNMENT;
CREATE CAST (timestamptz AS timestamp) WITH FUNCTION pg_catalog."timestamp"(timestamptz) AS ASSIGNMENT;
CREATE CAST (timestamptz AS timetz) WITH FUNCTION pg_catalog.timetz(timestamptz) AS ASSIGNMENT;
CREATE CAST (timestamptz AS timestamptz) WITH FUNCTION pg_catalog.timestamptz(timestamptz, int4) AS IMPLICIT;

-- from interval

CREATE CAST (interval AS time) WITH FUNCTION pg_catalog."time"(interval) AS ASSIGNMENT;
CREATE CAST (interval AS interval) WITH FUNCTION pg_catalog."interval"(interval, int4) AS IMPLICIT;

-- from timetz

CREATE CAST (timetz AS time) WITH FUNCTION pg_catalog."time"(timetz) AS ASSIGNMENT;
CREATE CAST (timetz AS timetz) WITH FUNCTION pg_catalog.timetz(timetz, int4) AS IMPLICIT;

-- from point

CREATE CAST (point AS box) WITH FUNCTION pg_catalog.box(point) AS ASSIGNMENT;

-- from lseg

CREATE CAST (lseg AS point) WITH FUNCTION pg_catalog.point(lseg);

-- from path

CREATE CAST (path AS polygon) WITH FUNCTION pg_catalog.polygon(path) AS ASSIGNMENT;

-- from box

CREATE CAST (box AS point) WITH FUNCTION pg_catalog.point(box);
CREATE CAST (box AS lseg) WITH FUNCTION pg_catalog.lseg(box);
CREATE CAST (box AS polygon) WITH FUNCTION pg_catalog.polygon(box) AS ASSIGNMENT;
CREATE CAST (box AS circle) WITH FUNCTION pg_catalog.circle(box);

-- from polygon

CREATE CAST (polygon AS point) WITH FUNCTION pg_catalog.point(polygon);
CREATE CAST (polygon AS path) WITH FUNCTION pg_catalog.path(polygon) AS ASSIGNMENT;
CREATE CAST (polygon AS box) WITH FUNCTION pg_catalog.box(polygon);
CREATE CAST (polygon AS circle) WITH FUNCTION pg_catalog.circle(polygon);

-- from circle

CREATE CAST (circle AS point) WITH FUNCTION pg_catalog.point(circle);
CREATE CAST (circle AS box) WITH FUNCTION pg_catalog.box(circle);
CREATE CAST (circle AS polygon) WITH FUNCTION pg_catalog.polygon(circle);

-- from macaddr

CREATE CAST (macaddr AS macaddr8) WITH FUNCTION pg_catalog.macaddr8(macaddr) AS IMPLICIT;

-- from macaddr8

CREATE CAST (macaddr8 AS macaddr) WITH FUNCTION pg_catalog.macaddr(macaddr8) AS IMPLICIT;

-- from cidr

CREATE CAST (cidr AS inet) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (cidr AS text) WITH FUNCTION pg_catalog.text(inet) AS ASSIGNMENT;
CREATE CAST (cidr AS varchar) WITH FUNCTION pg_catalog.text(inet) AS ASSIGNMENT;
CREATE CAST (cidr AS bpchar) WITH FUNCTION pg_catalog.text(inet) AS ASSIGNMENT;

-- from inet

CREATE CAST (inet AS cidr) WITH FUNCTION pg_catalog.cidr(inet) AS ASSIGNMENT;
CREATE CAST (inet AS text) WITH FUNCTION pg_catalog.text(inet) AS ASSIGNMENT;
CREATE CAST (inet AS varchar) WITH FUNCTION pg_catalog.text(inet) AS ASSIGNMENT;
CREATE CAST (inet AS bpchar) WITH FUNCTION pg_catalog.text(inet) AS ASSIGNMENT;

-- from bit

CREATE CAST (bit AS varbit) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (bit AS int8) WITH FUNCTION pg_catalog.int8(bit);
CREATE CAST (bit AS int4) WITH FUNCTION pg_catalog.int4(bit);
CREATE CAST (bit AS bit) WITH FUNCTION pg_catalog."bit"(bit, int4, bool) AS IMPLICIT;

-- from varbit

CREATE CAST (varbit AS bit) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (varbit AS varbit) WITH FUNCTION pg_catalog.varbit(varbit, int4, bool) AS IMPLICIT;

-- from xml

CREATE CAST (xml AS text) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (xml AS varchar) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (xml AS bpchar) WITHOUT FUNCTION AS ASSIGNMENT;

-- from json

CREATE CAST (json AS jsonb) WITH INOUT AS ASSIGNMENT;

-- from jsonb

CREATE CAST (jsonb AS json) WITH INOUT AS ASSIGNMENT;
CREATE CAST (jsonb AS bool) WITH FUNCTION pg_catalog.bool(jsonb);
CREATE CAST (jsonb AS numeric) WITH FUNCTION pg_catalog."numeric"(jsonb);
CREATE CAST (jsonb AS int2) WITH FUNCTION pg_catalog.int2(jsonb);
CREATE CAST (jsonb AS int4) WITH FUNCTION pg_catalog.int4(jsonb);
CREATE CAST (jsonb AS int8) WITH FUNCTION pg_catalog.int8(jsonb);
CREATE CAST (jsonb AS float4) WITH FUNCTION pg_catalog.float4(jsonb);
CREATE CAST (jsonb AS float8) WITH FUNCTION pg_catalog.float8(jsonb);

-- from int4range

CREATE CAST (int4range AS int4multirange) WITH FUNCTION pg_catalog.int4multirange(int4range);

-- from int8range

CREATE CAST (int8range AS int8multirange) WITH FUNCTION pg_catalog.int8multirange(int8range);

-- from numrange

CREATE CAST (numrange AS nummultirange) WITH FUNCTION pg_catalog.nummultirange(numrange);

-- from daterange

CREATE CAST (daterange AS datemultirange) WITH FUNCTION pg_catalog.datemultirange(daterange);

-- from tsrange

CREATE CAST (tsrange AS tsmultirange) WITH FUNCTION pg_catalog.tsmultirange(tsrange);

-- from tstzrange

CREATE CAST (tstzrange AS tstzmultirange) WITH FUNCTION pg_catalog.tstzmultirange(tstzrange);
