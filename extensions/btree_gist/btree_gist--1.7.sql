-- btree_gist: operator classes for gist over types that btree orders, so that a constraint can
-- compare them beside ranges: EXCLUDE USING gist (room WITH =, during WITH &&).
--
-- The index takes its values apart by itself, so the classes name their operators and no support
-- functions. money has no class here. Rows come in the order of a distance (<->) by a sort.

CREATE FUNCTION date_dist(date, date) RETURNS int4 LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'date_dist';
CREATE OPERATOR <-> (LEFTARG = date, RIGHTARG = date, FUNCTION = date_dist, COMMUTATOR = <->);
CREATE FUNCTION float4_dist(float4, float4) RETURNS float4 LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'float4_dist';
CREATE OPERATOR <-> (LEFTARG = float4, RIGHTARG = float4, FUNCTION = float4_dist, COMMUTATOR = <->);
CREATE FUNCTION float8_dist(float8, float8) RETURNS float8 LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'float8_dist';
CREATE OPERATOR <-> (LEFTARG = float8, RIGHTARG = float8, FUNCTION = float8_dist, COMMUTATOR = <->);
CREATE FUNCTION int2_dist(int2, int2) RETURNS int2 LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'int2_dist';
CREATE OPERATOR <-> (LEFTARG = int2, RIGHTARG = int2, FUNCTION = int2_dist, COMMUTATOR = <->);
CREATE FUNCTION int4_dist(int4, int4) RETURNS int4 LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'int4_dist';
CREATE OPERATOR <-> (LEFTARG = int4, RIGHTARG = int4, FUNCTION = int4_dist, COMMUTATOR = <->);
CREATE FUNCTION int8_dist(int8, int8) RETURNS int8 LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'int8_dist';
CREATE OPERATOR <-> (LEFTARG = int8, RIGHTARG = int8, FUNCTION = int8_dist, COMMUTATOR = <->);
CREATE FUNCTION interval_dist(interval, interval) RETURNS interval LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'interval_dist';
CREATE OPERATOR <-> (LEFTARG = interval, RIGHTARG = interval, FUNCTION = interval_dist, COMMUTATOR = <->);
CREATE FUNCTION oid_dist(oid, oid) RETURNS oid LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'oid_dist';
CREATE OPERATOR <-> (LEFTARG = oid, RIGHTARG = oid, FUNCTION = oid_dist, COMMUTATOR = <->);
CREATE FUNCTION time_dist(time, time) RETURNS interval LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'time_dist';
CREATE OPERATOR <-> (LEFTARG = time, RIGHTARG = time, FUNCTION = time_dist, COMMUTATOR = <->);
CREATE FUNCTION ts_dist(timestamp, timestamp) RETURNS interval LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'ts_dist';
CREATE OPERATOR <-> (LEFTARG = timestamp, RIGHTARG = timestamp, FUNCTION = ts_dist, COMMUTATOR = <->);
CREATE FUNCTION tstz_dist(timestamptz, timestamptz) RETURNS interval LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'tstz_dist';
CREATE OPERATOR <-> (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = tstz_dist, COMMUTATOR = <->);

CREATE OPERATOR CLASS gist_bit_ops DEFAULT FOR TYPE bit USING gist AS
    OPERATOR 1 < (bit, bit), OPERATOR 2 <= (bit, bit), OPERATOR 3 = (bit, bit),
    OPERATOR 4 >= (bit, bit), OPERATOR 5 > (bit, bit), OPERATOR 6 <> (bit, bit);
CREATE OPERATOR CLASS gist_vbit_ops DEFAULT FOR TYPE varbit USING gist AS
    OPERATOR 1 < (varbit, varbit), OPERATOR 2 <= (varbit, varbit), OPERATOR 3 = (varbit, varbit),
    OPERATOR 4 >= (varbit, varbit), OPERATOR 5 > (varbit, varbit), OPERATOR 6 <> (varbit, varbit);
CREATE OPERATOR CLASS gist_bool_ops DEFAULT FOR TYPE bool USING gist AS
    OPERATOR 1 < (bool, bool), OPERATOR 2 <= (bool, bool), OPERATOR 3 = (bool, bool),
    OPERATOR 4 >= (bool, bool), OPERATOR 5 > (bool, bool), OPERATOR 6 <> (bool, bool);
CREATE OPERATOR CLASS gist_bpchar_ops DEFAULT FOR TYPE bpchar USING gist AS
    OPERATOR 1 < (bpchar, bpchar), OPERATOR 2 <= (bpchar, bpchar), OPERATOR 3 = (bpchar, bpchar),
    OPERATOR 4 >= (bpchar, bpchar), OPERATOR 5 > (bpchar, bpchar), OPERATOR 6 <> (bpchar, bpchar);
CREATE OPERATOR CLASS gist_bytea_ops DEFAULT FOR TYPE bytea USING gist AS
    OPERATOR 1 < (bytea, bytea), OPERATOR 2 <= (bytea, bytea), OPERATOR 3 = (bytea, bytea),
    OPERATOR 4 >= (bytea, bytea), OPERATOR 5 > (bytea, bytea), OPERATOR 6 <> (bytea, bytea);
CREATE OPERATOR CLASS gist_cidr_ops DEFAULT FOR TYPE cidr USING gist AS
    OPERATOR 1 < (inet, inet), OPERATOR 2 <= (inet, inet), OPERATOR 3 = (inet, inet),
    OPERATOR 4 >= (inet, inet), OPERATOR 5 > (inet, inet), OPERATOR 6 <> (inet, inet);
CREATE OPERATOR CLASS gist_date_ops DEFAULT FOR TYPE date USING gist AS
    OPERATOR 1 < (date, date), OPERATOR 2 <= (date, date), OPERATOR 3 = (date, date),
    OPERATOR 4 >= (date, date), OPERATOR 5 > (date, date), OPERATOR 6 <> (date, date),
    OPERATOR 15 <-> (date, date) FOR ORDER BY pg_catalog.integer_ops;
CREATE OPERATOR CLASS gist_enum_ops DEFAULT FOR TYPE anyenum USING gist AS
    OPERATOR 1 < (anyenum, anyenum), OPERATOR 2 <= (anyenum, anyenum), OPERATOR 3 = (anyenum, anyenum),
    OPERATOR 4 >= (anyenum, anyenum), OPERATOR 5 > (anyenum, anyenum), OPERATOR 6 <> (anyenum, anyenum);
CREATE OPERATOR CLASS gist_float4_ops DEFAULT FOR TYPE float4 USING gist AS
    OPERATOR 1 < (float4, float4), OPERATOR 2 <= (float4, float4), OPERATOR 3 = (float4, float4),
    OPERATOR 4 >= (float4, float4), OPERATOR 5 > (float4, float4), OPERATOR 6 <> (float4, float4),
    OPERATOR 15 <-> (float4, float4) FOR ORDER BY pg_catalog.float_ops;
CREATE OPERATOR CLASS gist_float8_ops DEFAULT FOR TYPE float8 USING gist AS
    OPERATOR 1 < (float8, float8), OPERATOR 2 <= (float8, float8), OPERATOR 3 = (float8, float8),
    OPERATOR 4 >= (float8, float8), OPERATOR 5 > (float8, float8), OPERATOR 6 <> (float8, float8),
    OPERATOR 15 <-> (float8, float8) FOR ORDER BY pg_catalog.float_ops;
CREATE OPERATOR CLASS gist_inet_ops DEFAULT FOR TYPE inet USING gist AS
    OPERATOR 1 < (inet, inet), OPERATOR 2 <= (inet, inet), OPERATOR 3 = (inet, inet),
    OPERATOR 4 >= (inet, inet), OPERATOR 5 > (inet, inet), OPERATOR 6 <> (inet, inet);
CREATE OPERATOR CLASS gist_int2_ops DEFAULT FOR TYPE int2 USING gist AS
    OPERATOR 1 < (int2, int2), OPERATOR 2 <= (int2, int2), OPERATOR 3 = (int2, int2),
    OPERATOR 4 >= (int2, int2), OPERATOR 5 > (int2, int2), OPERATOR 6 <> (int2, int2),
    OPERATOR 15 <-> (int2, int2) FOR ORDER BY pg_catalog.integer_ops;
CREATE OPERATOR CLASS gist_int4_ops DEFAULT FOR TYPE int4 USING gist AS
    OPERATOR 1 < (int4, int4), OPERATOR 2 <= (int4, int4), OPERATOR 3 = (int4, int4),
    OPERATOR 4 >= (int4, int4), OPERATOR 5 > (int4, int4), OPERATOR 6 <> (int4, int4),
    OPERATOR 15 <-> (int4, int4) FOR ORDER BY pg_catalog.integer_ops;
CREATE OPERATOR CLASS gist_int8_ops DEFAULT FOR TYPE int8 USING gist AS
    OPERATOR 1 < (int8, int8), OPERATOR 2 <= (int8, int8), OPERATOR 3 = (int8, int8),
    OPERATOR 4 >= (int8, int8), OPERATOR 5 > (int8, int8), OPERATOR 6 <> (int8, int8),
    OPERATOR 15 <-> (int8, int8) FOR ORDER BY pg_catalog.integer_ops;
CREATE OPERATOR CLASS gist_interval_ops DEFAULT FOR TYPE interval USING gist AS
    OPERATOR 1 < (interval, interval), OPERATOR 2 <= (interval, interval), OPERATOR 3 = (interval, interval),
    OPERATOR 4 >= (interval, interval), OPERATOR 5 > (interval, interval), OPERATOR 6 <> (interval, interval),
    OPERATOR 15 <-> (interval, interval) FOR ORDER BY pg_catalog.interval_ops;
CREATE OPERATOR CLASS gist_macaddr_ops DEFAULT FOR TYPE macaddr USING gist AS
    OPERATOR 1 < (macaddr, macaddr), OPERATOR 2 <= (macaddr, macaddr), OPERATOR 3 = (macaddr, macaddr),
    OPERATOR 4 >= (macaddr, macaddr), OPERATOR 5 > (macaddr, macaddr), OPERATOR 6 <> (macaddr, macaddr);
CREATE OPERATOR CLASS gist_macaddr8_ops DEFAULT FOR TYPE macaddr8 USING gist AS
    OPERATOR 1 < (macaddr8, macaddr8), OPERATOR 2 <= (macaddr8, macaddr8), OPERATOR 3 = (macaddr8, macaddr8),
    OPERATOR 4 >= (macaddr8, macaddr8), OPERATOR 5 > (macaddr8, macaddr8), OPERATOR 6 <> (macaddr8, macaddr8);
CREATE OPERATOR CLASS gist_numeric_ops DEFAULT FOR TYPE numeric USING gist AS
    OPERATOR 1 < (numeric, numeric), OPERATOR 2 <= (numeric, numeric), OPERATOR 3 = (numeric, numeric),
    OPERATOR 4 >= (numeric, numeric), OPERATOR 5 > (numeric, numeric), OPERATOR 6 <> (numeric, numeric);
CREATE OPERATOR CLASS gist_oid_ops DEFAULT FOR TYPE oid USING gist AS
    OPERATOR 1 < (oid, oid), OPERATOR 2 <= (oid, oid), OPERATOR 3 = (oid, oid),
    OPERATOR 4 >= (oid, oid), OPERATOR 5 > (oid, oid), OPERATOR 6 <> (oid, oid),
    OPERATOR 15 <-> (oid, oid) FOR ORDER BY pg_catalog.oid_ops;
CREATE OPERATOR CLASS gist_text_ops DEFAULT FOR TYPE text USING gist AS
    OPERATOR 1 < (text, text), OPERATOR 2 <= (text, text), OPERATOR 3 = (text, text),
    OPERATOR 4 >= (text, text), OPERATOR 5 > (text, text), OPERATOR 6 <> (text, text);
CREATE OPERATOR CLASS gist_time_ops DEFAULT FOR TYPE time USING gist AS
    OPERATOR 1 < (time, time), OPERATOR 2 <= (time, time), OPERATOR 3 = (time, time),
    OPERATOR 4 >= (time, time), OPERATOR 5 > (time, time), OPERATOR 6 <> (time, time),
    OPERATOR 15 <-> (time, time) FOR ORDER BY pg_catalog.interval_ops;
CREATE OPERATOR CLASS gist_timestamp_ops DEFAULT FOR TYPE timestamp USING gist AS
    OPERATOR 1 < (timestamp, timestamp), OPERATOR 2 <= (timestamp, timestamp), OPERATOR 3 = (timestamp, timestamp),
    OPERATOR 4 >= (timestamp, timestamp), OPERATOR 5 > (timestamp, timestamp), OPERATOR 6 <> (timestamp, timestamp),
    OPERATOR 15 <-> (timestamp, timestamp) FOR ORDER BY pg_catalog.interval_ops;
CREATE OPERATOR CLASS gist_timestamptz_ops DEFAULT FOR TYPE timestamptz USING gist AS
    OPERATOR 1 < (timestamptz, timestamptz), OPERATOR 2 <= (timestamptz, timestamptz), OPERATOR 3 = (timestamptz, timestamptz),
    OPERATOR 4 >= (timestamptz, timestamptz), OPERATOR 5 > (timestamptz, timestamptz), OPERATOR 6 <> (timestamptz, timestamptz),
    OPERATOR 15 <-> (timestamptz, timestamptz) FOR ORDER BY pg_catalog.interval_ops;
CREATE OPERATOR CLASS gist_timetz_ops DEFAULT FOR TYPE timetz USING gist AS
    OPERATOR 1 < (timetz, timetz), OPERATOR 2 <= (timetz, timetz), OPERATOR 3 = (timetz, timetz),
    OPERATOR 4 >= (timetz, timetz), OPERATOR 5 > (timetz, timetz), OPERATOR 6 <> (timetz, timetz);
CREATE OPERATOR CLASS gist_uuid_ops DEFAULT FOR TYPE uuid USING gist AS
    OPERATOR 1 < (uuid, uuid), OPERATOR 2 <= (uuid, uuid), OPERATOR 3 = (uuid, uuid),
    OPERATOR 4 >= (uuid, uuid), OPERATOR 5 > (uuid, uuid), OPERATOR 6 <> (uuid, uuid);
