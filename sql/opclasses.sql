-- Operator families and classes. Each CREATE is followed by a COMMENT that carries its OID (the
-- statements have no place for it). A class says its storage type only (AS_ITS_TYPE: pg_opclass has
-- none); the members of all classes of a family are with the family, with the types that pg_amop and
-- pg_amproc have.

-- brin: bit_minmax_ops

CREATE OPERATOR FAMILY pg_catalog.bit_minmax_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.bit_minmax_ops USING brin IS 'OID = 4079';
CREATE OPERATOR CLASS pg_catalog.bit_minmax_ops DEFAULT FOR TYPE bit USING brin FAMILY pg_catalog.bit_minmax_ops AS STORAGE bit;
COMMENT ON OPERATOR CLASS pg_catalog.bit_minmax_ops USING brin IS 'OID = 10151';
ALTER OPERATOR FAMILY pg_catalog.bit_minmax_ops USING brin ADD OPERATOR 1 < (bit, bit), OPERATOR 2 <= (bit, bit), OPERATOR 3 = (bit, bit), OPERATOR 4 >= (bit, bit), OPERATOR 5 > (bit, bit), FUNCTION 1 (bit, bit) pg_catalog.brin_minmax_opcinfo(internal), FUNCTION 2 (bit, bit) pg_catalog.brin_minmax_add_value(internal, internal, internal, internal), FUNCTION 3 (bit, bit) pg_catalog.brin_minmax_consistent(internal, internal, internal), FUNCTION 4 (bit, bit) pg_catalog.brin_minmax_union(internal, internal, internal);

-- brin: box_inclusion_ops

CREATE OPERATOR FAMILY pg_catalog.box_inclusion_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.box_inclusion_ops USING brin IS 'OID = 4104';
CREATE OPERATOR CLASS pg_catalog.box_inclusion_ops DEFAULT FOR TYPE box USING brin FAMILY pg_catalog.box_inclusion_ops AS STORAGE box;
COMMENT ON OPERATOR CLASS pg_catalog.box_inclusion_ops USING brin IS 'OID = 10163';
ALTER OPERATOR FAMILY pg_catalog.box_inclusion_ops USING brin ADD OPERATOR 7 @> (box, point), OPERATOR 1 << (box, box), OPERATOR 2 &< (box, box), OPERATOR 3 && (box, box), OPERATOR 4 &> (box, box), OPERATOR 5 >> (box, box), OPERATOR 6 ~= (box, box), OPERATOR 7 @> (box, box), OPERATOR 8 <@ (box, box), OPERATOR 9 &<| (box, box), OPERATOR 10 <<| (box, box), OPERATOR 11 |>> (box, box), OPERATOR 12 |&> (box, box), FUNCTION 1 (box, box) pg_catalog.brin_inclusion_opcinfo(internal), FUNCTION 2 (box, box) pg_catalog.brin_inclusion_add_value(internal, internal, internal, internal), FUNCTION 3 (box, box) pg_catalog.brin_inclusion_consistent(internal, internal, internal), FUNCTION 4 (box, box) pg_catalog.brin_inclusion_union(internal, internal, internal), FUNCTION 11 (box, box) pg_catalog.bound_box(box, box), FUNCTION 13 (box, box) pg_catalog.box_contain(box, box);

-- brin: bpchar_bloom_ops

CREATE OPERATOR FAMILY pg_catalog.bpchar_bloom_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.bpchar_bloom_ops USING brin IS 'OID = 4586';
CREATE OPERATOR CLASS pg_catalog.bpchar_bloom_ops FOR TYPE bpchar USING brin FAMILY pg_catalog.bpchar_bloom_ops AS STORAGE bpchar;
COMMENT ON OPERATOR CLASS pg_catalog.bpchar_bloom_ops USING brin IS 'OID = 10132';
ALTER OPERATOR FAMILY pg_catalog.bpchar_bloom_ops USING brin ADD OPERATOR 1 = (bpchar, bpchar), FUNCTION 1 (bpchar, bpchar) pg_catalog.brin_bloom_opcinfo(internal), FUNCTION 2 (bpchar, bpchar) pg_catalog.brin_bloom_add_value(internal, internal, internal, internal), FUNCTION 3 (bpchar, bpchar) pg_catalog.brin_bloom_consistent(internal, internal, internal, int4), FUNCTION 4 (bpchar, bpchar) pg_catalog.brin_bloom_union(internal, internal, internal), FUNCTION 5 (bpchar, bpchar) pg_catalog.brin_bloom_options(internal), FUNCTION 11 (bpchar, bpchar) pg_catalog.hashbpchar(bpchar);

-- brin: bpchar_minmax_ops

CREATE OPERATOR FAMILY pg_catalog.bpchar_minmax_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.bpchar_minmax_ops USING brin IS 'OID = 4076';
CREATE OPERATOR CLASS pg_catalog.bpchar_minmax_ops DEFAULT FOR TYPE bpchar USING brin FAMILY pg_catalog.bpchar_minmax_ops AS STORAGE bpchar;
COMMENT ON OPERATOR CLASS pg_catalog.bpchar_minmax_ops USING brin IS 'OID = 10131';
ALTER OPERATOR FAMILY pg_catalog.bpchar_minmax_ops USING brin ADD OPERATOR 1 < (bpchar, bpchar), OPERATOR 2 <= (bpchar, bpchar), OPERATOR 3 = (bpchar, bpchar), OPERATOR 4 >= (bpchar, bpchar), OPERATOR 5 > (bpchar, bpchar), FUNCTION 1 (bpchar, bpchar) pg_catalog.brin_minmax_opcinfo(internal), FUNCTION 2 (bpchar, bpchar) pg_catalog.brin_minmax_add_value(internal, internal, internal, internal), FUNCTION 3 (bpchar, bpchar) pg_catalog.brin_minmax_consistent(internal, internal, internal), FUNCTION 4 (bpchar, bpchar) pg_catalog.brin_minmax_union(internal, internal, internal);

-- brin: bytea_bloom_ops

CREATE OPERATOR FAMILY pg_catalog.bytea_bloom_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.bytea_bloom_ops USING brin IS 'OID = 4578';
CREATE OPERATOR CLASS pg_catalog.bytea_bloom_ops FOR TYPE bytea USING brin FAMILY pg_catalog.bytea_bloom_ops AS STORAGE bytea;
COMMENT ON OPERATOR CLASS pg_catalog.bytea_bloom_ops USING brin IS 'OID = 10093';
ALTER OPERATOR FAMILY pg_catalog.bytea_bloom_ops USING brin ADD OPERATOR 1 = (bytea, bytea), FUNCTION 1 (bytea, bytea) pg_catalog.brin_bloom_opcinfo(internal), FUNCTION 2 (bytea, bytea) pg_catalog.brin_bloom_add_value(internal, internal, internal, internal), FUNCTION 3 (bytea, bytea) pg_catalog.brin_bloom_consistent(internal, internal, internal, int4), FUNCTION 4 (bytea, bytea) pg_catalog.brin_bloom_union(internal, internal, internal), FUNCTION 5 (bytea, bytea) pg_catalog.brin_bloom_options(internal), FUNCTION 11 (bytea, bytea) pg_catalog.hashvarlena(internal);

-- brin: bytea_minmax_ops

CREATE OPERATOR FAMILY pg_catalog.bytea_minmax_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.bytea_minmax_ops USING brin IS 'OID = 4064';
CREATE OPERATOR CLASS pg_catalog.bytea_minmax_ops DEFAULT FOR TYPE bytea USING brin FAMILY pg_catalog.bytea_minmax_ops AS STORAGE bytea;
COMMENT ON OPERATOR CLASS pg_catalog.bytea_minmax_ops USING brin IS 'OID = 10092';
ALTER OPERATOR FAMILY pg_catalog.bytea_minmax_ops USING brin ADD OPERATOR 1 < (bytea, bytea), OPERATOR 2 <= (bytea, bytea), OPERATOR 3 = (bytea, bytea), OPERATOR 4 >= (bytea, bytea), OPERATOR 5 > (bytea, bytea), FUNCTION 1 (bytea, bytea) pg_catalog.brin_minmax_opcinfo(internal), FUNCTION 2 (bytea, bytea) pg_catalog.brin_minmax_add_value(internal, internal, internal, internal), FUNCTION 3 (bytea, bytea) pg_catalog.brin_minmax_consistent(internal, internal, internal), FUNCTION 4 (bytea, bytea) pg_catalog.brin_minmax_union(internal, internal, internal);

-- brin: char_bloom_ops

CREATE OPERATOR FAMILY pg_catalog.char_bloom_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.char_bloom_ops USING brin IS 'OID = 4577';
CREATE OPERATOR CLASS pg_catalog.char_bloom_ops FOR TYPE "char" USING brin FAMILY pg_catalog.char_bloom_ops AS STORAGE "char";
COMMENT ON OPERATOR CLASS pg_catalog.char_bloom_ops USING brin IS 'OID = 10095';
ALTER OPERATOR FAMILY pg_catalog.char_bloom_ops USING brin ADD OPERATOR 1 = ("char", "char"), FUNCTION 1 ("char", "char") pg_catalog.brin_bloom_opcinfo(internal), FUNCTION 2 ("char", "char") pg_catalog.brin_bloom_add_value(internal, internal, internal, internal), FUNCTION 3 ("char", "char") pg_catalog.brin_bloom_consistent(internal, internal, internal, int4), FUNCTION 4 ("char", "char") pg_catalog.brin_bloom_union(internal, internal, internal), FUNCTION 5 ("char", "char") pg_catalog.brin_bloom_options(internal), FUNCTION 11 ("char", "char") pg_catalog.hashchar("char");

-- brin: char_minmax_ops

CREATE OPERATOR FAMILY pg_catalog.char_minmax_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.char_minmax_ops USING brin IS 'OID = 4062';
CREATE OPERATOR CLASS pg_catalog.char_minmax_ops DEFAULT FOR TYPE "char" USING brin FAMILY pg_catalog.char_minmax_ops AS STORAGE "char";
COMMENT ON OPERATOR CLASS pg_catalog.char_minmax_ops USING brin IS 'OID = 10094';
ALTER OPERATOR FAMILY pg_catalog.char_minmax_ops USING brin ADD OPERATOR 1 < ("char", "char"), OPERATOR 2 <= ("char", "char"), OPERATOR 3 = ("char", "char"), OPERATOR 4 >= ("char", "char"), OPERATOR 5 > ("char", "char"), FUNCTION 1 ("char", "char") pg_catalog.brin_minmax_opcinfo(internal), FUNCTION 2 ("char", "char") pg_catalog.brin_minmax_add_value(internal, internal, internal, internal), FUNCTION 3 ("char", "char") pg_catalog.brin_minmax_consistent(internal, internal, internal), FUNCTION 4 ("char", "char") pg_catalog.brin_minmax_union(internal, internal, internal);

-- brin: datetime_bloom_ops

CREATE OPERATOR FAMILY pg_catalog.datetime_bloom_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.datetime_bloom_ops USING brin IS 'OID = 4576';
CREATE OPERATOR CLASS pg_catalog.date_bloom_ops FOR TYPE date USING brin FAMILY pg_catalog.datetime_bloom_ops AS STORAGE date;
COMMENT ON OPERATOR CLASS pg_catalog.date_bloom_ops USING brin IS 'OID = 10138';
CREATE OPERATOR CLASS pg_catalog.timestamp_bloom_ops FOR TYPE timestamp USING brin FAMILY pg_catalog.datetime_bloom_ops AS STORAGE timestamp;
COMMENT ON OPERATOR CLASS pg_catalog.timestamp_bloom_ops USING brin IS 'OID = 10141';
CREATE OPERATOR CLASS pg_catalog.timestamptz_bloom_ops FOR TYPE timestamptz USING brin FAMILY pg_catalog.datetime_bloom_ops AS STORAGE timestamptz;
COMMENT ON OPERATOR CLASS pg_catalog.timestamptz_bloom_ops USING brin IS 'OID = 10144';
ALTER OPERATOR FAMILY pg_catalog.datetime_bloom_ops USING brin ADD OPERATOR 1 = (date, date), OPERATOR 1 = (timestamp, timestamp), OPERATOR 1 = (timestamptz, timestamptz), FUNCTION 1 (date, date) pg_catalog.brin_bloom_opcinfo(internal), FUNCTION 2 (date, date) pg_catalog.brin_bloom_add_value(internal, internal, internal, internal), FUNCTION 3 (date, date) pg_catalog.brin_bloom_consistent(internal, internal, internal, int4), FUNCTION 4 (date, date) pg_catalog.brin_bloom_union(internal, internal, internal), FUNCTION 5 (date, date) pg_catalog.brin_bloom_options(internal), FUNCTION 11 (date, date) pg_catalog.hashint4(int4), FUNCTION 1 (timestamp, timestamp) pg_catalog.brin_bloom_opcinfo(internal), FUNCTION 2 (timestamp, timestamp) pg_catalog.brin_bloom_add_value(internal, internal, internal, internal), FUNCTION 3 (timestamp, timestamp) pg_catalog.brin_bloom_consistent(internal, internal, internal, int4), FUNCTION 4 (timestamp, timestamp) pg_catalog.brin_bloom_union(internal, internal, internal), FUNCTION 5 (timestamp, timestamp) pg_catalog.brin_bloom_options(internal), FUNCTION 11 (timestamp, timestamp) pg_catalog.timestamp_hash(timestamp), FUNCTION 1 (timestamptz, timestamptz) pg_catalog.brin_bloom_opcinfo(internal), FUNCTION 2 (timestamptz, timestamptz) pg_catalog.brin_bloom_add_value(internal, internal, internal, internal), FUNCTION 3 (timestamptz, timestamptz) pg_catalog.brin_bloom_consistent(internal, internal, internal, int4), FUNCTION 4 (timestamptz, timestamptz) pg_catalog.brin_bloom_union(internal, internal, internal), FUNCTION 5 (timestamptz, timestamptz) pg_catalog.brin_bloom_options(internal), FUNCTION 11 (timestamptz, timestamptz) pg_catalog.timestamp_hash(timestamp);

-- brin: datetime_minmax_multi_ops

CREATE OPERATOR FAMILY pg_catalog.datetime_minmax_multi_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.datetime_minmax_multi_ops USING brin IS 'OID = 4605';
CREATE OPERATOR CLASS pg_catalog.date_minmax_multi_ops FOR TYPE date USING brin FAMILY pg_catalog.datetime_minmax_multi_ops AS STORAGE date;
COMMENT ON OPERATOR CLASS pg_catalog.date_minmax_multi_ops USING brin IS 'OID = 10137';
CREATE OPERATOR CLASS pg_catalog.timestamp_minmax_multi_ops FOR TYPE timestamp USING brin FAMILY pg_catalog.datetime_minmax_multi_ops AS STORAGE timestamp;
COMMENT ON OPERATOR CLASS pg_catalog.timestamp_minmax_multi_ops USING brin IS 'OID = 10140';
CREATE OPERATOR CLASS pg_catalog.timestamptz_minmax_multi_ops FOR TYPE timestamptz USING brin FAMILY pg_catalog.datetime_minmax_multi_ops AS STORAGE timestamptz;
COMMENT ON OPERATOR CLASS pg_catalog.timestamptz_minmax_multi_ops USING brin IS 'OID = 10143';
ALTER OPERATOR FAMILY pg_catalog.datetime_minmax_multi_ops USING brin ADD OPERATOR 1 < (date, date), OPERATOR 2 <= (date, date), OPERATOR 3 = (date, date), OPERATOR 4 >= (date, date), OPERATOR 5 > (date, date), OPERATOR 1 < (date, timestamp), OPERATOR 2 <= (date, timestamp), OPERATOR 3 = (date, timestamp), OPERATOR 4 >= (date, timestamp), OPERATOR 5 > (date, timestamp), OPERATOR 1 < (date, timestamptz), OPERATOR 2 <= (date, timestamptz), OPERATOR 3 = (date, timestamptz), OPERATOR 4 >= (date, timestamptz), OPERATOR 5 > (date, timestamptz), OPERATOR 1 < (timestamp, date), OPERATOR 2 <= (timestamp, date), OPERATOR 3 = (timestamp, date), OPERATOR 4 >= (timestamp, date), OPERATOR 5 > (timestamp, date), OPERATOR 1 < (timestamp, timestamp), OPERATOR 2 <= (timestamp, timestamp), OPERATOR 3 = (timestamp, timestamp), OPERATOR 4 >= (timestamp, timestamp), OPERATOR 5 > (timestamp, timestamp), OPERATOR 1 < (timestamp, timestamptz), OPERATOR 2 <= (timestamp, timestamptz), OPERATOR 3 = (timestamp, timestamptz), OPERATOR 4 >= (timestamp, timestamptz), OPERATOR 5 > (timestamp, timestamptz), OPERATOR 1 < (timestamptz, date), OPERATOR 2 <= (timestamptz, date), OPERATOR 3 = (timestamptz, date), OPERATOR 4 >= (timestamptz, date), OPERATOR 5 > (timestamptz, date), OPERATOR 1 < (timestamptz, timestamp), OPERATOR 2 <= (timestamptz, timestamp), OPERATOR 3 = (timestamptz, timestamp), OPERATOR 4 >= (timestamptz, timestamp), OPERATOR 5 > (timestamptz, timestamp), OPERATOR 1 < (timestamptz, timestamptz), OPERATOR 2 <= (timestamptz, timestamptz), OPERATOR 3 = (timestamptz, timestamptz), OPERATOR 4 >= (timestamptz, timestamptz), OPERATOR 5 > (timestamptz, timestamptz), FUNCTION 1 (date, date) pg_catalog.brin_minmax_multi_opcinfo(internal), FUNCTION 2 (date, date) pg_catalog.brin_minmax_multi_add_value(internal, internal, internal, internal), FUNCTION 3 (date, date) pg_catalog.brin_minmax_multi_consistent(internal, internal, internal, int4), FUNCTION 4 (date, date) pg_catalog.brin_minmax_multi_union(internal, internal, internal), FUNCTION 5 (date, date) pg_catalog.brin_minmax_multi_options(internal), FUNCTION 11 (date, date) pg_catalog.brin_minmax_multi_distance_date(internal, internal), FUNCTION 1 (timestamp, timestamp) pg_catalog.brin_minmax_multi_opcinfo(internal), FUNCTION 2 (timestamp, timestamp) pg_catalog.brin_minmax_multi_add_value(internal, internal, internal, internal), FUNCTION 3 (timestamp, timestamp) pg_catalog.brin_minmax_multi_consistent(internal, internal, internal, int4), FUNCTION 4 (timestamp, timestamp) pg_catalog.brin_minmax_multi_union(internal, internal, internal), FUNCTION 5 (timestamp, timestamp) pg_catalog.brin_minmax_multi_options(internal), FUNCTION 11 (timestamp, timestamp) pg_catalog.brin_minmax_multi_distance_timestamp(internal, internal), FUNCTION 1 (timestamptz, timestamptz) pg_catalog.brin_minmax_multi_opcinfo(internal), FUNCTION 2 (timestamptz, timestamptz) pg_catalog.brin_minmax_multi_add_value(internal, internal, internal, internal), FUNCTION 3 (timestamptz, timestamptz) pg_catalog.brin_minmax_multi_consistent(internal, internal, internal, int4), FUNCTION 4 (timestamptz, timestamptz) pg_catalog.brin_minmax_multi_union(internal, internal, internal), FUNCTION 5 (timestamptz, timestamptz) pg_catalog.brin_minmax_multi_options(internal), FUNCTION 11 (timestamptz, timestamptz) pg_catalog.brin_minmax_multi_distance_timestamp(internal, internal);

-- brin: datetime_minmax_ops

CREATE OPERATOR FAMILY pg_catalog.datetime_minmax_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.datetime_minmax_ops USING brin IS 'OID = 4059';
CREATE OPERATOR CLASS pg_catalog.date_minmax_ops DEFAULT FOR TYPE date USING brin FAMILY pg_catalog.datetime_minmax_ops AS STORAGE date;
COMMENT ON OPERATOR CLASS pg_catalog.date_minmax_ops USING brin IS 'OID = 10136';
CREATE OPERATOR CLASS pg_catalog.timestamp_minmax_ops DEFAULT FOR TYPE timestamp USING brin FAMILY pg_catalog.datetime_minmax_ops AS STORAGE timestamp;
COMMENT ON OPERATOR CLASS pg_catalog.timestamp_minmax_ops USING brin IS 'OID = 10139';
CREATE OPERATOR CLASS pg_catalog.timestamptz_minmax_ops DEFAULT FOR TYPE timestamptz USING brin FAMILY pg_catalog.datetime_minmax_ops AS STORAGE timestamptz;
COMMENT ON OPERATOR CLASS pg_catalog.timestamptz_minmax_ops USING brin IS 'OID = 10142';
ALTER OPERATOR FAMILY pg_catalog.datetime_minmax_ops USING brin ADD OPERATOR 1 < (date, date), OPERATOR 2 <= (date, date), OPERATOR 3 = (date, date), OPERATOR 4 >= (date, date), OPERATOR 5 > (date, date), OPERATOR 1 < (date, timestamp), OPERATOR 2 <= (date, timestamp), OPERATOR 3 = (date, timestamp), OPERATOR 4 >= (date, timestamp), OPERATOR 5 > (date, timestamp), OPERATOR 1 < (date, timestamptz), OPERATOR 2 <= (date, timestamptz), OPERATOR 3 = (date, timestamptz), OPERATOR 4 >= (date, timestamptz), OPERATOR 5 > (date, timestamptz), OPERATOR 1 < (timestamp, date), OPERATOR 2 <= (timestamp, date), OPERATOR 3 = (timestamp, date), OPERATOR 4 >= (timestamp, date), OPERATOR 5 > (timestamp, date), OPERATOR 1 < (timestamp, timestamp), OPERATOR 2 <= (timestamp, timestamp), OPERATOR 3 = (timestamp, timestamp), OPERATOR 4 >= (timestamp, timestamp), OPERATOR 5 > (timestamp, timestamp), OPERATOR 1 < (timestamp, timestamptz), OPERATOR 2 <= (timestamp, timestamptz), OPERATOR 3 = (timestamp, timestamptz), OPERATOR 4 >= (timestamp, timestamptz), OPERATOR 5 > (timestamp, timestamptz), OPERATOR 1 < (timestamptz, date), OPERATOR 2 <= (timestamptz, date), OPERATOR 3 = (timestamptz, date), OPERATOR 4 >= (timestamptz, date), OPERATOR 5 > (timestamptz, date), OPERATOR 1 < (timestamptz, timestamp), OPERATOR 2 <= (timestamptz, timestamp), OPERATOR 3 = (timestamptz, timestamp), OPERATOR 4 >= (timestamptz, timestamp), OPERATOR 5 > (timestamptz, timestamp), OPERATOR 1 < (timestamptz, timestamptz), OPERATOR 2 <= (timestamptz, timestamptz), OPERATOR 3 = (timestamptz, timestamptz), OPERATOR 4 >= (timestamptz, timestamptz), OPERATOR 5 > (timestamptz, timestamptz), FUNCTION 1 (date, date) pg_catalog.brin_minmax_opcinfo(internal), FUNCTION 2 (date, date) pg_catalog.brin_minmax_add_value(internal, internal, internal, internal), FUNCTION 3 (date, date) pg_catalog.brin_minmax_consistent(internal, internal, internal), FUNCTION 4 (date, date) pg_catalog.brin_minmax_union(internal, internal, internal), FUNCTION 1 (timestamp, timestamp) pg_catalog.brin_minmax_opcinfo(internal), FUNCTION 2 (timestamp, timestamp) pg_catalog.brin_minmax_add_value(internal, internal, internal, internal), FUNCTION 3 (timestamp, timestamp) pg_catalog.brin_minmax_consistent(internal, internal, internal), FUNCTION 4 (timestamp, timestamp) pg_catalog.brin_minmax_union(internal, internal, internal), FUNCTION 1 (timestamptz, timestamptz) pg_catalog.brin_minmax_opcinfo(internal), FUNCTION 2 (timestamptz, timestamptz) pg_catalog.brin_minmax_add_value(internal, internal, internal, internal), FUNCTION 3 (timestamptz, timestamptz) pg_catalog.brin_minmax_consistent(internal, internal, internal), FUNCTION 4 (timestamptz, timestamptz) pg_catalog.brin_minmax_union(internal, internal, internal);

-- brin: float_bloom_ops

CREATE OPERATOR FAMILY pg_catalog.float_bloom_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.float_bloom_ops USING brin IS 'OID = 4582';
CREATE OPERATOR CLASS pg_catalog.float4_bloom_ops FOR TYPE float4 USING brin FAMILY pg_catalog.float_bloom_ops AS STORAGE float4;
COMMENT ON OPERATOR CLASS pg_catalog.float4_bloom_ops USING brin IS 'OID = 10117';
CREATE OPERATOR CLASS pg_catalog.float8_bloom_ops FOR TYPE float8 USING brin FAMILY pg_catalog.float_bloom_ops AS STORAGE float8;
COMMENT ON OPERATOR CLASS pg_catalog.float8_bloom_ops USING brin IS 'OID = 10120';
ALTER OPERATOR FAMILY pg_catalog.float_bloom_ops USING brin ADD OPERATOR 1 = (float4, float4), OPERATOR 1 = (float8, float8), FUNCTION 1 (float4, float4) pg_catalog.brin_bloom_opcinfo(internal), FUNCTION 2 (float4, float4) pg_catalog.brin_bloom_add_value(internal, internal, internal, internal), FUNCTION 3 (float4, float4) pg_catalog.brin_bloom_consistent(internal, internal, internal, int4), FUNCTION 4 (float4, float4) pg_catalog.brin_bloom_union(internal, internal, internal), FUNCTION 5 (float4, float4) pg_catalog.brin_bloom_options(internal), FUNCTION 11 (float4, float4) pg_catalog.hashfloat4(float4), FUNCTION 1 (float8, float8) pg_catalog.brin_bloom_opcinfo(internal), FUNCTION 2 (float8, float8) pg_catalog.brin_bloom_add_value(internal, internal, internal, internal), FUNCTION 3 (float8, float8) pg_catalog.brin_bloom_consistent(internal, internal, internal, int4), FUNCTION 4 (float8, float8) pg_catalog.brin_bloom_union(internal, internal, internal), FUNCTION 5 (float8, float8) pg_catalog.brin_bloom_options(internal), FUNCTION 11 (float8, float8) pg_catalog.hashfloat8(float8);

-- brin: float_minmax_multi_ops

CREATE OPERATOR FAMILY pg_catalog.float_minmax_multi_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.float_minmax_multi_ops USING brin IS 'OID = 4608';
CREATE OPERATOR CLASS pg_catalog.float4_minmax_multi_ops FOR TYPE float4 USING brin FAMILY pg_catalog.float_minmax_multi_ops AS STORAGE float4;
COMMENT ON OPERATOR CLASS pg_catalog.float4_minmax_multi_ops USING brin IS 'OID = 10116';
CREATE OPERATOR CLASS pg_catalog.float8_minmax_multi_ops FOR TYPE float8 USING brin FAMILY pg_catalog.float_minmax_multi_ops AS STORAGE float8;
COMMENT ON OPERATOR CLASS pg_catalog.float8_minmax_multi_ops USING brin IS 'OID = 10119';
ALTER OPERATOR FAMILY pg_catalog.float_minmax_multi_ops USING brin ADD OPERATOR 1 < (float4, float4), OPERATOR 2 <= (float4, float4), OPERATOR 3 = (float4, float4), OPERATOR 4 >= (float4, float4), OPERATOR 5 > (float4, float4), OPERATOR 1 < (float4, float8), OPERATOR 2 <= (float4, float8), OPERATOR 3 = (float4, float8), OPERATOR 4 >= (float4, float8), OPERATOR 5 > (float4, float8), OPERATOR 1 < (float8, float4), OPERATOR 2 <= (float8, float4), OPERATOR 3 = (float8, float4), OPERATOR 4 >= (float8, float4), OPERATOR 5 > (float8, float4), OPERATOR 1 < (float8, float8), OPERATOR 2 <= (float8, float8), OPERATOR 3 = (float8, float8), OPERATOR 4 >= (float8, float8), OPERATOR 5 > (float8, float8), FUNCTION 1 (float4, float4) pg_catalog.brin_minmax_multi_opcinfo(internal), FUNCTION 2 (float4, float4) pg_catalog.brin_minmax_multi_add_value(internal, internal, internal, internal), FUNCTION 3 (float4, float4) pg_catalog.brin_minmax_multi_consistent(internal, internal, internal, int4), FUNCTION 4 (float4, float4) pg_catalog.brin_minmax_multi_union(internal, internal, internal), FUNCTION 5 (float4, float4) pg_catalog.brin_minmax_multi_options(internal), FUNCTION 11 (float4, float4) pg_catalog.brin_minmax_multi_distance_float4(internal, internal), FUNCTION 1 (float8, float8) pg_catalog.brin_minmax_multi_opcinfo(internal), FUNCTION 2 (float8, float8) pg_catalog.brin_minmax_multi_add_value(internal, internal, internal, internal), FUNCTION 3 (float8, float8) pg_catalog.brin_minmax_multi_consistent(internal, internal, internal, int4), FUNCTION 4 (float8, float8) pg_catalog.brin_minmax_multi_union(internal, internal, internal), FUNCTION 5 (float8, float8) pg_catalog.brin_minmax_multi_options(internal), FUNCTION 11 (float8, float8) pg_catalog.brin_minmax_multi_distance_float8(internal, internal);

-- brin: float_minmax_ops

CREATE OPERATOR FAMILY pg_catalog.float_minmax_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.float_minmax_ops USING brin IS 'OID = 4070';
CREATE OPERATOR CLASS pg_catalog.float4_minmax_ops DEFAULT FOR TYPE float4 USING brin FAMILY pg_catalog.float_minmax_ops AS STORAGE float4;
COMMENT ON OPERATOR CLASS pg_catalog.float4_minmax_ops USING brin IS 'OID = 10115';
CREATE OPERATOR CLASS pg_catalog.float8_minmax_ops DEFAULT FOR TYPE float8 USING brin FAMILY pg_catalog.float_minmax_ops AS STORAGE float8;
COMMENT ON OPERATOR CLASS pg_catalog.float8_minmax_ops USING brin IS 'OID = 10118';
ALTER OPERATOR FAMILY pg_catalog.float_minmax_ops USING brin ADD OPERATOR 1 < (float4, float4), OPERATOR 2 <= (float4, float4), OPERATOR 3 = (float4, float4), OPERATOR 4 >= (float4, float4), OPERATOR 5 > (float4, float4), OPERATOR 1 < (float4, float8), OPERATOR 2 <= (float4, float8), OPERATOR 3 = (float4, float8), OPERATOR 4 >= (float4, float8), OPERATOR 5 > (float4, float8), OPERATOR 1 < (float8, float4), OPERATOR 2 <= (float8, float4), OPERATOR 3 = (float8, float4), OPERATOR 4 >= (float8, float4), OPERATOR 5 > (float8, float4), OPERATOR 1 < (float8, float8), OPERATOR 2 <= (float8, float8), OPERATOR 3 = (float8, float8), OPERATOR 4 >= (float8, float8), OPERATOR 5 > (float8, float8), FUNCTION 1 (float4, float4) pg_catalog.brin_minmax_opcinfo(internal), FUNCTION 2 (float4, float4) pg_catalog.brin_minmax_add_value(internal, internal, internal, internal), FUNCTION 3 (float4, float4) pg_catalog.brin_minmax_consistent(internal, internal, internal), FUNCTION 4 (float4, float4) pg_catalog.brin_minmax_union(internal, internal, internal), FUNCTION 1 (float8, float8) pg_catalog.brin_minmax_opcinfo(internal), FUNCTION 2 (float8, float8) pg_catalog.brin_minmax_add_value(internal, internal, internal, internal), FUNCTION 3 (float8, float8) pg_catalog.brin_minmax_consistent(internal, internal, internal), FUNCTION 4 (float8, float8) pg_catalog.brin_minmax_union(internal, internal, internal);

-- brin: integer_bloom_ops

CREATE OPERATOR FAMILY pg_catalog.integer_bloom_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.integer_bloom_ops USING brin IS 'OID = 4572';
CREATE OPERATOR CLASS pg_catalog.int8_bloom_ops FOR TYPE int8 USING brin FAMILY pg_catalog.integer_bloom_ops AS STORAGE int8;
COMMENT ON OPERATOR CLASS pg_catalog.int8_bloom_ops USING brin IS 'OID = 10100';
CREATE OPERATOR CLASS pg_catalog.int2_bloom_ops FOR TYPE int2 USING brin FAMILY pg_catalog.integer_bloom_ops AS STORAGE int2;
COMMENT ON OPERATOR CLASS pg_catalog.int2_bloom_ops USING brin IS 'OID = 10103';
CREATE OPERATOR CLASS pg_catalog.int4_bloom_ops FOR TYPE int4 USING brin FAMILY pg_catalog.integer_bloom_ops AS STORAGE int4;
COMMENT ON OPERATOR CLASS pg_catalog.int4_bloom_ops USING brin IS 'OID = 10106';
ALTER OPERATOR FAMILY pg_catalog.integer_bloom_ops USING brin ADD OPERATOR 1 = (int8, int8), OPERATOR 1 = (int2, int2), OPERATOR 1 = (int4, int4), FUNCTION 1 (int8, int8) pg_catalog.brin_bloom_opcinfo(internal), FUNCTION 2 (int8, int8) pg_catalog.brin_bloom_add_value(internal, internal, internal, internal), FUNCTION 3 (int8, int8) pg_catalog.brin_bloom_consistent(internal, internal, internal, int4), FUNCTION 4 (int8, int8) pg_catalog.brin_bloom_union(internal, internal, internal), FUNCTION 5 (int8, int8) pg_catalog.brin_bloom_options(internal), FUNCTION 11 (int8, int8) pg_catalog.hashint8(int8), FUNCTION 1 (int2, int2) pg_catalog.brin_bloom_opcinfo(internal), FUNCTION 2 (int2, int2) pg_catalog.brin_bloom_add_value(internal, internal, internal, internal), FUNCTION 3 (int2, int2) pg_catalog.brin_bloom_consistent(internal, internal, internal, int4), FUNCTION 4 (int2, int2) pg_catalog.brin_bloom_union(internal, internal, internal), FUNCTION 5 (int2, int2) pg_catalog.brin_bloom_options(internal), FUNCTION 11 (int2, int2) pg_catalog.hashint2(int2), FUNCTION 1 (int4, int4) pg_catalog.brin_bloom_opcinfo(internal), FUNCTION 2 (int4, int4) pg_catalog.brin_bloom_add_value(internal, internal, internal, internal), FUNCTION 3 (int4, int4) pg_catalog.brin_bloom_consistent(internal, internal, internal, int4), FUNCTION 4 (int4, int4) pg_catalog.brin_bloom_union(internal, internal, internal), FUNCTION 5 (int4, int4) pg_catalog.brin_bloom_options(internal), FUNCTION 11 (int4, int4) pg_catalog.hashint4(int4);

-- brin: integer_minmax_multi_ops

CREATE OPERATOR FAMILY pg_catalog.integer_minmax_multi_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.integer_minmax_multi_ops USING brin IS 'OID = 4602';
CREATE OPERATOR CLASS pg_catalog.int8_minmax_multi_ops FOR TYPE int8 USING brin FAMILY pg_catalog.integer_minmax_multi_ops AS STORAGE int8;
COMMENT ON OPERATOR CLASS pg_catalog.int8_minmax_multi_ops USING brin IS 'OID = 10099';
CREATE OPERATOR CLASS pg_catalog.int2_minmax_multi_ops FOR TYPE int2 USING brin FAMILY pg_catalog.integer_minmax_multi_ops AS STORAGE int2;
COMMENT ON OPERATOR CLASS pg_catalog.int2_minmax_multi_ops USING brin IS 'OID = 10102';
CREATE OPERATOR CLASS pg_catalog.int4_minmax_multi_ops FOR TYPE int4 USING brin FAMILY pg_catalog.integer_minmax_multi_ops AS STORAGE int4;
COMMENT ON OPERATOR CLASS pg_catalog.int4_minmax_multi_ops USING brin IS 'OID = 10105';
ALTER OPERATOR FAMILY pg_catalog.integer_minmax_multi_ops USING brin ADD OPERATOR 1 < (int8, int8), OPERATOR 2 <= (int8, int8), OPERATOR 3 = (int8, int8), OPERATOR 4 >= (int8, int8), OPERATOR 5 > (int8, int8), OPERATOR 1 < (int8, int2), OPERATOR 2 <= (int8, int2), OPERATOR 3 = (int8, int2), OPERATOR 4 >= (int8, int2), OPERATOR 5 > (int8, int2), OPERATOR 1 < (int8, int4), OPERATOR 2 <= (int8, int4), OPERATOR 3 = (int8, int4), OPERATOR 4 >= (int8, int4), OPERATOR 5 > (int8, int4), OPERATOR 1 < (int2, int8), OPERATOR 2 <= (int2, int8), OPERATOR 3 = (int2, int8), OPERATOR 4 >= (int2, int8), OPERATOR 5 > (int2, int8), OPERATOR 1 < (int2, int2), OPERATOR 2 <= (int2, int2), OPERATOR 3 = (int2, int2), OPERATOR 4 >= (int2, int2), OPERATOR 5 > (int2, int2), OPERATOR 1 < (int2, int4), OPERATOR 2 <= (int2, int4), OPERATOR 3 = (int2, int4), OPERATOR 4 >= (int2, int4), OPERATOR 5 > (int2, int4), OPERATOR 1 < (int4, int8), OPERATOR 2 <= (int4, int8), OPERATOR 3 = (int4, int8), OPERATOR 4 >= (int4, int8), OPERATOR 5 > (int4, int8), OPERATOR 1 < (int4, int2), OPERATOR 2 <= (int4, int2), OPERATOR 3 = (int4, int2), OPERATOR 4 >= (int4, int2), OPERATOR 5 > (int4, int2), OPERATOR 1 < (int4, int4), OPERATOR 2 <= (int4, int4), OPERATOR 3 = (int4, int4), OPERATOR 4 >= (int4, int4), OPERATOR 5 > (int4, int4), FUNCTION 1 (int8, int8) pg_catalog.brin_minmax_multi_opcinfo(internal), FUNCTION 2 (int8, int8) pg_catalog.brin_minmax_multi_add_value(internal, internal, internal, internal), FUNCTION 3 (int8, int8) pg_catalog.brin_minmax_multi_consistent(internal, internal, internal, int4), FUNCTION 4 (int8, int8) pg_catalog.brin_minmax_multi_union(internal, internal, internal), FUNCTION 5 (int8, int8) pg_catalog.brin_minmax_multi_options(internal), FUNCTION 11 (int8, int8) pg_catalog.brin_minmax_multi_distance_int8(internal, internal), FUNCTION 1 (int2, int2) pg_catalog.brin_minmax_multi_opcinfo(internal), FUNCTION 2 (int2, int2) pg_catalog.brin_minmax_multi_add_value(internal, internal, internal, internal), FUNCTION 3 (int2, int2) pg_catalog.brin_minmax_multi_consistent(internal, internal, internal, int4), FUNCTION 4 (int2, int2) pg_catalog.brin_minmax_multi_union(internal, internal, internal), FUNCTION 5 (int2, int2) pg_catalog.brin_minmax_multi_options(internal), FUNCTION 11 (int2, int2) pg_catalog.brin_minmax_multi_distance_int2(internal, internal), FUNCTION 1 (int4, int4) pg_catalog.brin_minmax_multi_opcinfo(internal), FUNCTION 2 (int4, int4) pg_catalog.brin_minmax_multi_add_value(internal, internal, internal, internal), FUNCTION 3 (int4, int4) pg_catalog.brin_minmax_multi_consistent(internal, internal, internal, int4), FUNCTION 4 (int4, int4) pg_catalog.brin_minmax_multi_union(internal, internal, internal), FUNCTION 5 (int4, int4) pg_catalog.brin_minmax_multi_options(internal), FUNCTION 11 (int4, int4) pg_catalog.brin_minmax_multi_distance_int4(internal, internal);

-- brin: integer_minmax_ops

CREATE OPERATOR FAMILY pg_catalog.integer_minmax_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.integer_minmax_ops USING brin IS 'OID = 4054';
CREATE OPERATOR CLASS pg_catalog.int8_minmax_ops DEFAULT FOR TYPE int8 USING brin FAMILY pg_catalog.integer_minmax_ops AS STORAGE int8;
COMMENT ON OPERATOR CLASS pg_catalog.int8_minmax_ops USING brin IS 'OID = 10098';
CREATE OPERATOR CLASS pg_catalog.int2_minmax_ops DEFAULT FOR TYPE int2 USING brin FAMILY pg_catalog.integer_minmax_ops AS STORAGE int2;
COMMENT ON OPERATOR CLASS pg_catalog.int2_minmax_ops USING brin IS 'OID = 10101';
CREATE OPERATOR CLASS pg_catalog.int4_minmax_ops DEFAULT FOR TYPE int4 USING brin FAMILY pg_catalog.integer_minmax_ops AS STORAGE int4;
COMMENT ON OPERATOR CLASS pg_catalog.int4_minmax_ops USING brin IS 'OID = 10104';
ALTER OPERATOR FAMILY pg_catalog.integer_minmax_ops USING brin ADD OPERATOR 1 < (int8, int8), OPERATOR 2 <= (int8, int8), OPERATOR 3 = (int8, int8), OPERATOR 4 >= (int8, int8), OPERATOR 5 > (int8, int8), OPERATOR 1 < (int8, int2), OPERATOR 2 <= (int8, int2), OPERATOR 3 = (int8, int2), OPERATOR 4 >= (int8, int2), OPERATOR 5 > (int8, int2), OPERATOR 1 < (int8, int4), OPERATOR 2 <= (int8, int4), OPERATOR 3 = (int8, int4), OPERATOR 4 >= (int8, int4), OPERATOR 5 > (int8, int4), OPERATOR 1 < (int2, int8), OPERATOR 2 <= (int2, int8), OPERATOR 3 = (int2, int8), OPERATOR 4 >= (int2, int8), OPERATOR 5 > (int2, int8), OPERATOR 1 < (int2, int2), OPERATOR 2 <= (int2, int2), OPERATOR 3 = (int2, int2), OPERATOR 4 >= (int2, int2), OPERATOR 5 > (int2, int2), OPERATOR 1 < (int2, int4), OPERATOR 2 <= (int2, int4), OPERATOR 3 = (int2, int4), OPERATOR 4 >= (int2, int4), OPERATOR 5 > (int2, int4), OPERATOR 1 < (int4, int8), OPERATOR 2 <= (int4, int8), OPERATOR 3 = (int4, int8), OPERATOR 4 >= (int4, int8), OPERATOR 5 > (int4, int8), OPERATOR 1 < (int4, int2), OPERATOR 2 <= (int4, int2), OPERATOR 3 = (int4, int2), OPERATOR 4 >= (int4, int2), OPERATOR 5 > (int4, int2), OPERATOR 1 < (int4, int4), OPERATOR 2 <= (int4, int4), OPERATOR 3 = (int4, int4), OPERATOR 4 >= (int4, int4), OPERATOR 5 > (int4, int4), FUNCTION 1 (int8, int8) pg_catalog.brin_minmax_opcinfo(internal), FUNCTION 2 (int8, int8) pg_catalog.brin_minmax_add_value(internal, internal, internal, internal), FUNCTION 3 (int8, int8) pg_catalog.brin_minmax_consistent(internal, internal, internal), FUNCTION 4 (int8, int8) pg_catalog.brin_minmax_union(internal, internal, internal), FUNCTION 1 (int2, int2) pg_catalog.brin_minmax_opcinfo(internal), FUNCTION 2 (int2, int2) pg_catalog.brin_minmax_add_value(internal, internal, internal, internal), FUNCTION 3 (int2, int2) pg_catalog.brin_minmax_consistent(internal, internal, internal), FUNCTION 4 (int2, int2) pg_catalog.brin_minmax_union(internal, internal, internal), FUNCTION 1 (int4, int4) pg_catalog.brin_minmax_opcinfo(internal), FUNCTION 2 (int4, int4) pg_catalog.brin_minmax_add_value(internal, internal, internal, internal), FUNCTION 3 (int4, int4) pg_catalog.brin_minmax_consistent(internal, internal, internal), FUNCTION 4 (int4, int4) pg_catalog.brin_minmax_union(internal, internal, internal);

-- brin: interval_bloom_ops

CREATE OPERATOR FAMILY pg_catalog.interval_bloom_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.interval_bloom_ops USING brin IS 'OID = 4588';
CREATE OPERATOR CLASS pg_catalog.interval_bloom_ops FOR TYPE interval USING brin FAMILY pg_catalog.interval_bloom_ops AS STORAGE interval;
COMMENT ON OPERATOR CLASS pg_catalog.interval_bloom_ops USING brin IS 'OID = 10147';
ALTER OPERATOR FAMILY pg_catalog.interval_bloom_ops USING brin ADD OPERATOR 1 = (interval, interval), FUNCTION 1 (interval, interval) pg_catalog.brin_bloom_opcinfo(internal), FUNCTION 2 (interval, interval) pg_catalog.brin_bloom_add_value(internal, internal, internal, internal), FUNCTION 3 (interval, interval) pg_catalog.brin_bloom_consistent(internal, internal, internal, int4), FUNCTION 4 (interval, interval) pg_catalog.brin_bloom_union(internal, internal, internal), FUNCTION 5 (interval, interval) pg_catalog.brin_bloom_options(internal), FUNCTION 11 (interval, interval) pg_catalog.interval_hash(interval);

-- brin: interval_minmax_multi_ops

CREATE OPERATOR FAMILY pg_catalog.interval_minmax_multi_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.interval_minmax_multi_ops USING brin IS 'OID = 4613';
CREATE OPERATOR CLASS pg_catalog.interval_minmax_multi_ops FOR TYPE interval USING brin FAMILY pg_catalog.interval_minmax_multi_ops AS STORAGE interval;
COMMENT ON OPERATOR CLASS pg_catalog.interval_minmax_multi_ops USING brin IS 'OID = 10146';
ALTER OPERATOR FAMILY pg_catalog.interval_minmax_multi_ops USING brin ADD OPERATOR 1 < (interval, interval), OPERATOR 2 <= (interval, interval), OPERATOR 3 = (interval, interval), OPERATOR 4 >= (interval, interval), OPERATOR 5 > (interval, interval), FUNCTION 1 (interval, interval) pg_catalog.brin_minmax_multi_opcinfo(internal), FUNCTION 2 (interval, interval) pg_catalog.brin_minmax_multi_add_value(internal, internal, internal, internal), FUNCTION 3 (interval, interval) pg_catalog.brin_minmax_multi_consistent(internal, internal, internal, int4), FUNCTION 4 (interval, interval) pg_catalog.brin_minmax_multi_union(internal, internal, internal), FUNCTION 5 (interval, interval) pg_catalog.brin_minmax_multi_options(internal), FUNCTION 11 (interval, interval) pg_catalog.brin_minmax_multi_distance_interval(internal, internal);

-- brin: interval_minmax_ops

CREATE OPERATOR FAMILY pg_catalog.interval_minmax_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.interval_minmax_ops USING brin IS 'OID = 4078';
CREATE OPERATOR CLASS pg_catalog.interval_minmax_ops DEFAULT FOR TYPE interval USING brin FAMILY pg_catalog.interval_minmax_ops AS STORAGE interval;
COMMENT ON OPERATOR CLASS pg_catalog.interval_minmax_ops USING brin IS 'OID = 10145';
ALTER OPERATOR FAMILY pg_catalog.interval_minmax_ops USING brin ADD OPERATOR 1 < (interval, interval), OPERATOR 2 <= (interval, interval), OPERATOR 3 = (interval, interval), OPERATOR 4 >= (interval, interval), OPERATOR 5 > (interval, interval), FUNCTION 1 (interval, interval) pg_catalog.brin_minmax_opcinfo(internal), FUNCTION 2 (interval, interval) pg_catalog.brin_minmax_add_value(internal, internal, internal, internal), FUNCTION 3 (interval, interval) pg_catalog.brin_minmax_consistent(internal, internal, internal), FUNCTION 4 (interval, interval) pg_catalog.brin_minmax_union(internal, internal, internal);

-- brin: macaddr8_bloom_ops

CREATE OPERATOR FAMILY pg_catalog.macaddr8_bloom_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.macaddr8_bloom_ops USING brin IS 'OID = 4584';
CREATE OPERATOR CLASS pg_catalog.macaddr8_bloom_ops FOR TYPE macaddr8 USING brin FAMILY pg_catalog.macaddr8_bloom_ops AS STORAGE macaddr8;
COMMENT ON OPERATOR CLASS pg_catalog.macaddr8_bloom_ops USING brin IS 'OID = 10126';
ALTER OPERATOR FAMILY pg_catalog.macaddr8_bloom_ops USING brin ADD OPERATOR 1 = (macaddr8, macaddr8), FUNCTION 1 (macaddr8, macaddr8) pg_catalog.brin_bloom_opcinfo(internal), FUNCTION 2 (macaddr8, macaddr8) pg_catalog.brin_bloom_add_value(internal, internal, internal, internal), FUNCTION 3 (macaddr8, macaddr8) pg_catalog.brin_bloom_consistent(internal, internal, internal, int4), FUNCTION 4 (macaddr8, macaddr8) pg_catalog.brin_bloom_union(internal, internal, internal), FUNCTION 5 (macaddr8, macaddr8) pg_catalog.brin_bloom_options(internal), FUNCTION 11 (macaddr8, macaddr8) pg_catalog.hashmacaddr8(macaddr8);

-- brin: macaddr8_minmax_multi_ops

CREATE OPERATOR FAMILY pg_catalog.macaddr8_minmax_multi_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.macaddr8_minmax_multi_ops USING brin IS 'OID = 4610';
CREATE OPERATOR CLASS pg_catalog.macaddr8_minmax_multi_ops FOR TYPE macaddr8 USING brin FAMILY pg_catalog.macaddr8_minmax_multi_ops AS STORAGE macaddr8;
COMMENT ON OPERATOR CLASS pg_catalog.macaddr8_minmax_multi_ops USING brin IS 'OID = 10125';
ALTER OPERATOR FAMILY pg_catalog.macaddr8_minmax_multi_ops USING brin ADD OPERATOR 1 < (macaddr8, macaddr8), OPERATOR 2 <= (macaddr8, macaddr8), OPERATOR 3 = (macaddr8, macaddr8), OPERATOR 4 >= (macaddr8, macaddr8), OPERATOR 5 > (macaddr8, macaddr8), FUNCTION 1 (macaddr8, macaddr8) pg_catalog.brin_minmax_multi_opcinfo(internal), FUNCTION 2 (macaddr8, macaddr8) pg_catalog.brin_minmax_multi_add_value(internal, internal, internal, internal), FUNCTION 3 (macaddr8, macaddr8) pg_catalog.brin_minmax_multi_consistent(internal, internal, internal, int4), FUNCTION 4 (macaddr8, macaddr8) pg_catalog.brin_minmax_multi_union(internal, internal, internal), FUNCTION 5 (macaddr8, macaddr8) pg_catalog.brin_minmax_multi_options(internal), FUNCTION 11 (macaddr8, macaddr8) pg_catalog.brin_minmax_multi_distance_macaddr8(internal, internal);

-- brin: macaddr8_minmax_ops

CREATE OPERATOR FAMILY pg_catalog.macaddr8_minmax_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.macaddr8_minmax_ops USING brin IS 'OID = 4109';
CREATE OPERATOR CLASS pg_catalog.macaddr8_minmax_ops DEFAULT FOR TYPE macaddr8 USING brin FAMILY pg_catalog.macaddr8_minmax_ops AS STORAGE macaddr8;
COMMENT ON OPERATOR CLASS pg_catalog.macaddr8_minmax_ops USING brin IS 'OID = 10124';
ALTER OPERATOR FAMILY pg_catalog.macaddr8_minmax_ops USING brin ADD OPERATOR 1 < (macaddr8, macaddr8), OPERATOR 2 <= (macaddr8, macaddr8), OPERATOR 3 = (macaddr8, macaddr8), OPERATOR 4 >= (macaddr8, macaddr8), OPERATOR 5 > (macaddr8, macaddr8), FUNCTION 1 (macaddr8, macaddr8) pg_catalog.brin_minmax_opcinfo(internal), FUNCTION 2 (macaddr8, macaddr8) pg_catalog.brin_minmax_add_value(internal, internal, internal, internal), FUNCTION 3 (macaddr8, macaddr8) pg_catalog.brin_minmax_consistent(internal, internal, internal), FUNCTION 4 (macaddr8, macaddr8) pg_catalog.brin_minmax_union(internal, internal, internal);

-- brin: macaddr_bloom_ops

CREATE OPERATOR FAMILY pg_catalog.macaddr_bloom_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.macaddr_bloom_ops USING brin IS 'OID = 4583';
CREATE OPERATOR CLASS pg_catalog.macaddr_bloom_ops FOR TYPE macaddr USING brin FAMILY pg_catalog.macaddr_bloom_ops AS STORAGE macaddr;
COMMENT ON OPERATOR CLASS pg_catalog.macaddr_bloom_ops USING brin IS 'OID = 10123';
ALTER OPERATOR FAMILY pg_catalog.macaddr_bloom_ops USING brin ADD OPERATOR 1 = (macaddr, macaddr), FUNCTION 1 (macaddr, macaddr) pg_catalog.brin_bloom_opcinfo(internal), FUNCTION 2 (macaddr, macaddr) pg_catalog.brin_bloom_add_value(internal, internal, internal, internal), FUNCTION 3 (macaddr, macaddr) pg_catalog.brin_bloom_consistent(internal, internal, internal, int4), FUNCTION 4 (macaddr, macaddr) pg_catalog.brin_bloom_union(internal, internal, internal), FUNCTION 5 (macaddr, macaddr) pg_catalog.brin_bloom_options(internal), FUNCTION 11 (macaddr, macaddr) pg_catalog.hashmacaddr(macaddr);

-- brin: macaddr_minmax_multi_ops

CREATE OPERATOR FAMILY pg_catalog.macaddr_minmax_multi_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.macaddr_minmax_multi_ops USING brin IS 'OID = 4609';
CREATE OPERATOR CLASS pg_catalog.macaddr_minmax_multi_ops FOR TYPE macaddr USING brin FAMILY pg_catalog.macaddr_minmax_multi_ops AS STORAGE macaddr;
COMMENT ON OPERATOR CLASS pg_catalog.macaddr_minmax_multi_ops USING brin IS 'OID = 10122';
ALTER OPERATOR FAMILY pg_catalog.macaddr_minmax_multi_ops USING brin ADD OPERATOR 1 < (macaddr, macaddr), OPERATOR 2 <= (macaddr, macaddr), OPERATOR 3 = (macaddr, macaddr), OPERATOR 4 >= (macaddr, macaddr), OPERATOR 5 > (macaddr, macaddr), FUNCTION 1 (macaddr, macaddr) pg_catalog.brin_minmax_multi_opcinfo(internal), FUNCTION 2 (macaddr, macaddr) pg_catalog.brin_minmax_multi_add_value(internal, internal, internal, internal), FUNCTION 3 (macaddr, macaddr) pg_catalog.brin_minmax_multi_consistent(internal, internal, internal, int4), FUNCTION 4 (macaddr, macaddr) pg_catalog.brin_minmax_multi_union(internal, internal, internal), FUNCTION 5 (macaddr, macaddr) pg_catalog.brin_minmax_multi_options(internal), FUNCTION 11 (macaddr, macaddr) pg_catalog.brin_minmax_multi_distance_macaddr(internal, internal);

-- brin: macaddr_minmax_ops

CREATE OPERATOR FAMILY pg_catalog.macaddr_minmax_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.macaddr_minmax_ops USING brin IS 'OID = 4074';
CREATE OPERATOR CLASS pg_catalog.macaddr_minmax_ops DEFAULT FOR TYPE macaddr USING brin FAMILY pg_catalog.macaddr_minmax_ops AS STORAGE macaddr;
COMMENT ON OPERATOR CLASS pg_catalog.macaddr_minmax_ops USING brin IS 'OID = 10121';
ALTER OPERATOR FAMILY pg_catalog.macaddr_minmax_ops USING brin ADD OPERATOR 1 < (macaddr, macaddr), OPERATOR 2 <= (macaddr, macaddr), OPERATOR 3 = (macaddr, macaddr), OPERATOR 4 >= (macaddr, macaddr), OPERATOR 5 > (macaddr, macaddr), FUNCTION 1 (macaddr, macaddr) pg_catalog.brin_minmax_opcinfo(internal), FUNCTION 2 (macaddr, macaddr) pg_catalog.brin_minmax_add_value(internal, internal, internal, internal), FUNCTION 3 (macaddr, macaddr) pg_catalog.brin_minmax_consistent(internal, internal, internal), FUNCTION 4 (macaddr, macaddr) pg_catalog.brin_minmax_union(internal, internal, internal);

-- brin: name_bloom_ops

CREATE OPERATOR FAMILY pg_catalog.name_bloom_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.name_bloom_ops USING brin IS 'OID = 4579';
CREATE OPERATOR CLASS pg_catalog.name_bloom_ops FOR TYPE name USING brin FAMILY pg_catalog.name_bloom_ops AS STORAGE name;
COMMENT ON OPERATOR CLASS pg_catalog.name_bloom_ops USING brin IS 'OID = 10097';
ALTER OPERATOR FAMILY pg_catalog.name_bloom_ops USING brin ADD OPERATOR 1 = (name, name), FUNCTION 1 (name, name) pg_catalog.brin_bloom_opcinfo(internal), FUNCTION 2 (name, name) pg_catalog.brin_bloom_add_value(internal, internal, internal, internal), FUNCTION 3 (name, name) pg_catalog.brin_bloom_consistent(internal, internal, internal, int4), FUNCTION 4 (name, name) pg_catalog.brin_bloom_union(internal, internal, internal), FUNCTION 5 (name, name) pg_catalog.brin_bloom_options(internal), FUNCTION 11 (name, name) pg_catalog.hashname(name);

-- brin: name_minmax_ops

CREATE OPERATOR FAMILY pg_catalog.name_minmax_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.name_minmax_ops USING brin IS 'OID = 4065';
CREATE OPERATOR CLASS pg_catalog.name_minmax_ops DEFAULT FOR TYPE name USING brin FAMILY pg_catalog.name_minmax_ops AS STORAGE name;
COMMENT ON OPERATOR CLASS pg_catalog.name_minmax_ops USING brin IS 'OID = 10096';
ALTER OPERATOR FAMILY pg_catalog.name_minmax_ops USING brin ADD OPERATOR 1 < (name, name), OPERATOR 2 <= (name, name), OPERATOR 3 = (name, name), OPERATOR 4 >= (name, name), OPERATOR 5 > (name, name), FUNCTION 1 (name, name) pg_catalog.brin_minmax_opcinfo(internal), FUNCTION 2 (name, name) pg_catalog.brin_minmax_add_value(internal, internal, internal, internal), FUNCTION 3 (name, name) pg_catalog.brin_minmax_consistent(internal, internal, internal), FUNCTION 4 (name, name) pg_catalog.brin_minmax_union(internal, internal, internal);

-- brin: network_bloom_ops

CREATE OPERATOR FAMILY pg_catalog.network_bloom_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.network_bloom_ops USING brin IS 'OID = 4585';
CREATE OPERATOR CLASS pg_catalog.inet_bloom_ops FOR TYPE inet USING brin FAMILY pg_catalog.network_bloom_ops AS STORAGE inet;
COMMENT ON OPERATOR CLASS pg_catalog.inet_bloom_ops USING brin IS 'OID = 10129';
ALTER OPERATOR FAMILY pg_catalog.network_bloom_ops USING brin ADD OPERATOR 1 = (inet, inet), FUNCTION 1 (inet, inet) pg_catalog.brin_bloom_opcinfo(internal), FUNCTION 2 (inet, inet) pg_catalog.brin_bloom_add_value(internal, internal, internal, internal), FUNCTION 3 (inet, inet) pg_catalog.brin_bloom_consistent(internal, internal, internal, int4), FUNCTION 4 (inet, inet) pg_catalog.brin_bloom_union(internal, internal, internal), FUNCTION 5 (inet, inet) pg_catalog.brin_bloom_options(internal), FUNCTION 11 (inet, inet) pg_catalog.hashinet(inet);

-- brin: network_inclusion_ops

CREATE OPERATOR FAMILY pg_catalog.network_inclusion_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.network_inclusion_ops USING brin IS 'OID = 4102';
CREATE OPERATOR CLASS pg_catalog.inet_inclusion_ops DEFAULT FOR TYPE inet USING brin FAMILY pg_catalog.network_inclusion_ops AS STORAGE inet;
COMMENT ON OPERATOR CLASS pg_catalog.inet_inclusion_ops USING brin IS 'OID = 10130';
ALTER OPERATOR FAMILY pg_catalog.network_inclusion_ops USING brin ADD OPERATOR 3 && (inet, inet), OPERATOR 7 >>= (inet, inet), OPERATOR 8 <<= (inet, inet), OPERATOR 18 = (inet, inet), OPERATOR 24 >> (inet, inet), OPERATOR 26 << (inet, inet), FUNCTION 1 (inet, inet) pg_catalog.brin_inclusion_opcinfo(internal), FUNCTION 2 (inet, inet) pg_catalog.brin_inclusion_add_value(internal, internal, internal, internal), FUNCTION 3 (inet, inet) pg_catalog.brin_inclusion_consistent(internal, internal, internal), FUNCTION 4 (inet, inet) pg_catalog.brin_inclusion_union(internal, internal, internal), FUNCTION 11 (inet, inet) pg_catalog.inet_merge(inet, inet), FUNCTION 12 (inet, inet) pg_catalog.inet_same_family(inet, inet), FUNCTION 13 (inet, inet) pg_catalog.network_supeq(inet, inet);

-- brin: network_minmax_multi_ops

CREATE OPERATOR FAMILY pg_catalog.network_minmax_multi_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.network_minmax_multi_ops USING brin IS 'OID = 4611';
CREATE OPERATOR CLASS pg_catalog.inet_minmax_multi_ops FOR TYPE inet USING brin FAMILY pg_catalog.network_minmax_multi_ops AS STORAGE inet;
COMMENT ON OPERATOR CLASS pg_catalog.inet_minmax_multi_ops USING brin IS 'OID = 10128';
ALTER OPERATOR FAMILY pg_catalog.network_minmax_multi_ops USING brin ADD OPERATOR 1 < (inet, inet), OPERATOR 2 <= (inet, inet), OPERATOR 3 = (inet, inet), OPERATOR 4 >= (inet, inet), OPERATOR 5 > (inet, inet), FUNCTION 1 (inet, inet) pg_catalog.brin_minmax_multi_opcinfo(internal), FUNCTION 2 (inet, inet) pg_catalog.brin_minmax_multi_add_value(internal, internal, internal, internal), FUNCTION 3 (inet, inet) pg_catalog.brin_minmax_multi_consistent(internal, internal, internal, int4), FUNCTION 4 (inet, inet) pg_catalog.brin_minmax_multi_union(internal, internal, internal), FUNCTION 5 (inet, inet) pg_catalog.brin_minmax_multi_options(internal), FUNCTION 11 (inet, inet) pg_catalog.brin_minmax_multi_distance_inet(internal, internal);

-- brin: network_minmax_ops

CREATE OPERATOR FAMILY pg_catalog.network_minmax_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.network_minmax_ops USING brin IS 'OID = 4075';
CREATE OPERATOR CLASS pg_catalog.inet_minmax_ops FOR TYPE inet USING brin FAMILY pg_catalog.network_minmax_ops AS STORAGE inet;
COMMENT ON OPERATOR CLASS pg_catalog.inet_minmax_ops USING brin IS 'OID = 10127';
ALTER OPERATOR FAMILY pg_catalog.network_minmax_ops USING brin ADD OPERATOR 1 < (inet, inet), OPERATOR 2 <= (inet, inet), OPERATOR 3 = (inet, inet), OPERATOR 4 >= (inet, inet), OPERATOR 5 > (inet, inet), FUNCTION 1 (inet, inet) pg_catalog.brin_minmax_opcinfo(internal), FUNCTION 2 (inet, inet) pg_catalog.brin_minmax_add_value(internal, internal, internal, internal), FUNCTION 3 (inet, inet) pg_catalog.brin_minmax_consistent(internal, internal, internal), FUNCTION 4 (inet, inet) pg_catalog.brin_minmax_union(internal, internal, internal);

-- brin: numeric_bloom_ops

CREATE OPERATOR FAMILY pg_catalog.numeric_bloom_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.numeric_bloom_ops USING brin IS 'OID = 4574';
CREATE OPERATOR CLASS pg_catalog.numeric_bloom_ops FOR TYPE numeric USING brin FAMILY pg_catalog.numeric_bloom_ops AS STORAGE numeric;
COMMENT ON OPERATOR CLASS pg_catalog.numeric_bloom_ops USING brin IS 'OID = 10155';
ALTER OPERATOR FAMILY pg_catalog.numeric_bloom_ops USING brin ADD OPERATOR 1 = (numeric, numeric), FUNCTION 1 (numeric, numeric) pg_catalog.brin_bloom_opcinfo(internal), FUNCTION 2 (numeric, numeric) pg_catalog.brin_bloom_add_value(internal, internal, internal, internal), FUNCTION 3 (numeric, numeric) pg_catalog.brin_bloom_consistent(internal, internal, internal, int4), FUNCTION 4 (numeric, numeric) pg_catalog.brin_bloom_union(internal, internal, internal), FUNCTION 5 (numeric, numeric) pg_catalog.brin_bloom_options(internal), FUNCTION 11 (numeric, numeric) pg_catalog.hash_numeric(numeric);

-- brin: numeric_minmax_multi_ops

CREATE OPERATOR FAMILY pg_catalog.numeric_minmax_multi_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.numeric_minmax_multi_ops USING brin IS 'OID = 4603';
CREATE OPERATOR CLASS pg_catalog.numeric_minmax_multi_ops FOR TYPE numeric USING brin FAMILY pg_catalog.numeric_minmax_multi_ops AS STORAGE numeric;
COMMENT ON OPERATOR CLASS pg_catalog.numeric_minmax_multi_ops USING brin IS 'OID = 10154';
ALTER OPERATOR FAMILY pg_catalog.numeric_minmax_multi_ops USING brin ADD OPERATOR 1 < (numeric, numeric), OPERATOR 2 <= (numeric, numeric), OPERATOR 3 = (numeric, numeric), OPERATOR 4 >= (numeric, numeric), OPERATOR 5 > (numeric, numeric), FUNCTION 1 (numeric, numeric) pg_catalog.brin_minmax_multi_opcinfo(internal), FUNCTION 2 (numeric, numeric) pg_catalog.brin_minmax_multi_add_value(internal, internal, internal, internal), FUNCTION 3 (numeric, numeric) pg_catalog.brin_minmax_multi_consistent(internal, internal, internal, int4), FUNCTION 4 (numeric, numeric) pg_catalog.brin_minmax_multi_union(internal, internal, internal), FUNCTION 5 (numeric, numeric) pg_catalog.brin_minmax_multi_options(internal), FUNCTION 11 (numeric, numeric) pg_catalog.brin_minmax_multi_distance_numeric(internal, internal);

-- brin: numeric_minmax_ops

CREATE OPERATOR FAMILY pg_catalog.numeric_minmax_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.numeric_minmax_ops USING brin IS 'OID = 4055';
CREATE OPERATOR CLASS pg_catalog.numeric_minmax_ops DEFAULT FOR TYPE numeric USING brin FAMILY pg_catalog.numeric_minmax_ops AS STORAGE numeric;
COMMENT ON OPERATOR CLASS pg_catalog.numeric_minmax_ops USING brin IS 'OID = 10153';
ALTER OPERATOR FAMILY pg_catalog.numeric_minmax_ops USING brin ADD OPERATOR 1 < (numeric, numeric), OPERATOR 2 <= (numeric, numeric), OPERATOR 3 = (numeric, numeric), OPERATOR 4 >= (numeric, numeric), OPERATOR 5 > (numeric, numeric), FUNCTION 1 (numeric, numeric) pg_catalog.brin_minmax_opcinfo(internal), FUNCTION 2 (numeric, numeric) pg_catalog.brin_minmax_add_value(internal, internal, internal, internal), FUNCTION 3 (numeric, numeric) pg_catalog.brin_minmax_consistent(internal, internal, internal), FUNCTION 4 (numeric, numeric) pg_catalog.brin_minmax_union(internal, internal, internal);

-- brin: oid_bloom_ops

CREATE OPERATOR FAMILY pg_catalog.oid_bloom_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.oid_bloom_ops USING brin IS 'OID = 4580';
CREATE OPERATOR CLASS pg_catalog.oid_bloom_ops FOR TYPE oid USING brin FAMILY pg_catalog.oid_bloom_ops AS STORAGE oid;
COMMENT ON OPERATOR CLASS pg_catalog.oid_bloom_ops USING brin IS 'OID = 10111';
ALTER OPERATOR FAMILY pg_catalog.oid_bloom_ops USING brin ADD OPERATOR 1 = (oid, oid), FUNCTION 1 (oid, oid) pg_catalog.brin_bloom_opcinfo(internal), FUNCTION 2 (oid, oid) pg_catalog.brin_bloom_add_value(internal, internal, internal, internal), FUNCTION 3 (oid, oid) pg_catalog.brin_bloom_consistent(internal, internal, internal, int4), FUNCTION 4 (oid, oid) pg_catalog.brin_bloom_union(internal, internal, internal), FUNCTION 5 (oid, oid) pg_catalog.brin_bloom_options(internal), FUNCTION 11 (oid, oid) pg_catalog.hashoid(oid);

-- brin: oid_minmax_multi_ops

CREATE OPERATOR FAMILY pg_catalog.oid_minmax_multi_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.oid_minmax_multi_ops USING brin IS 'OID = 4606';
CREATE OPERATOR CLASS pg_catalog.oid_minmax_multi_ops FOR TYPE oid USING brin FAMILY pg_catalog.oid_minmax_multi_ops AS STORAGE oid;
COMMENT ON OPERATOR CLASS pg_catalog.oid_minmax_multi_ops USING brin IS 'OID = 10110';
ALTER OPERATOR FAMILY pg_catalog.oid_minmax_multi_ops USING brin ADD OPERATOR 1 < (oid, oid), OPERATOR 2 <= (oid, oid), OPERATOR 3 = (oid, oid), OPERATOR 4 >= (oid, oid), OPERATOR 5 > (oid, oid), FUNCTION 1 (oid, oid) pg_catalog.brin_minmax_multi_opcinfo(internal), FUNCTION 2 (oid, oid) pg_catalog.brin_minmax_multi_add_value(internal, internal, internal, internal), FUNCTION 3 (oid, oid) pg_catalog.brin_minmax_multi_consistent(internal, internal, internal, int4), FUNCTION 4 (oid, oid) pg_catalog.brin_minmax_multi_union(internal, internal, internal), FUNCTION 5 (oid, oid) pg_catalog.brin_minmax_multi_options(internal), FUNCTION 11 (oid, oid) pg_catalog.brin_minmax_multi_distance_int4(internal, internal);

-- brin: oid_minmax_ops

CREATE OPERATOR FAMILY pg_catalog.oid_minmax_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.oid_minmax_ops USING brin IS 'OID = 4068';
CREATE OPERATOR CLASS pg_catalog.oid_minmax_ops DEFAULT FOR TYPE oid USING brin FAMILY pg_catalog.oid_minmax_ops AS STORAGE oid;
COMMENT ON OPERATOR CLASS pg_catalog.oid_minmax_ops USING brin IS 'OID = 10109';
ALTER OPERATOR FAMILY pg_catalog.oid_minmax_ops USING brin ADD OPERATOR 1 < (oid, oid), OPERATOR 2 <= (oid, oid), OPERATOR 3 = (oid, oid), OPERATOR 4 >= (oid, oid), OPERATOR 5 > (oid, oid), FUNCTION 1 (oid, oid) pg_catalog.brin_minmax_opcinfo(internal), FUNCTION 2 (oid, oid) pg_catalog.brin_minmax_add_value(internal, internal, internal, internal), FUNCTION 3 (oid, oid) pg_catalog.brin_minmax_consistent(internal, internal, internal), FUNCTION 4 (oid, oid) pg_catalog.brin_minmax_union(internal, internal, internal);

-- brin: pg_lsn_bloom_ops

CREATE OPERATOR FAMILY pg_catalog.pg_lsn_bloom_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.pg_lsn_bloom_ops USING brin IS 'OID = 4590';
CREATE OPERATOR CLASS pg_catalog.pg_lsn_bloom_ops FOR TYPE pg_lsn USING brin FAMILY pg_catalog.pg_lsn_bloom_ops AS STORAGE pg_lsn;
COMMENT ON OPERATOR CLASS pg_catalog.pg_lsn_bloom_ops USING brin IS 'OID = 10162';
ALTER OPERATOR FAMILY pg_catalog.pg_lsn_bloom_ops USING brin ADD OPERATOR 1 = (pg_lsn, pg_lsn), FUNCTION 1 (pg_lsn, pg_lsn) pg_catalog.brin_bloom_opcinfo(internal), FUNCTION 2 (pg_lsn, pg_lsn) pg_catalog.brin_bloom_add_value(internal, internal, internal, internal), FUNCTION 3 (pg_lsn, pg_lsn) pg_catalog.brin_bloom_consistent(internal, internal, internal, int4), FUNCTION 4 (pg_lsn, pg_lsn) pg_catalog.brin_bloom_union(internal, internal, internal), FUNCTION 5 (pg_lsn, pg_lsn) pg_catalog.brin_bloom_options(internal), FUNCTION 11 (pg_lsn, pg_lsn) pg_catalog.pg_lsn_hash(pg_lsn);

-- brin: pg_lsn_minmax_multi_ops

CREATE OPERATOR FAMILY pg_catalog.pg_lsn_minmax_multi_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.pg_lsn_minmax_multi_ops USING brin IS 'OID = 4615';
CREATE OPERATOR CLASS pg_catalog.pg_lsn_minmax_multi_ops FOR TYPE pg_lsn USING brin FAMILY pg_catalog.pg_lsn_minmax_multi_ops AS STORAGE pg_lsn;
COMMENT ON OPERATOR CLASS pg_catalog.pg_lsn_minmax_multi_ops USING brin IS 'OID = 10161';
ALTER OPERATOR FAMILY pg_catalog.pg_lsn_minmax_multi_ops USING brin ADD OPERATOR 1 < (pg_lsn, pg_lsn), OPERATOR 2 <= (pg_lsn, pg_lsn), OPERATOR 3 = (pg_lsn, pg_lsn), OPERATOR 4 >= (pg_lsn, pg_lsn), OPERATOR 5 > (pg_lsn, pg_lsn), FUNCTION 1 (pg_lsn, pg_lsn) pg_catalog.brin_minmax_multi_opcinfo(internal), FUNCTION 2 (pg_lsn, pg_lsn) pg_catalog.brin_minmax_multi_add_value(internal, internal, internal, internal), FUNCTION 3 (pg_lsn, pg_lsn) pg_catalog.brin_minmax_multi_consistent(internal, internal, internal, int4), FUNCTION 4 (pg_lsn, pg_lsn) pg_catalog.brin_minmax_multi_union(internal, internal, internal), FUNCTION 5 (pg_lsn, pg_lsn) pg_catalog.brin_minmax_multi_options(internal), FUNCTION 11 (pg_lsn, pg_lsn) pg_catalog.brin_minmax_multi_distance_pg_lsn(internal, internal);

-- brin: pg_lsn_minmax_ops

CREATE OPERATOR FAMILY pg_catalog.pg_lsn_minmax_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.pg_lsn_minmax_ops USING brin IS 'OID = 4082';
CREATE OPERATOR CLASS pg_catalog.pg_lsn_minmax_ops DEFAULT FOR TYPE pg_lsn USING brin FAMILY pg_catalog.pg_lsn_minmax_ops AS STORAGE pg_lsn;
COMMENT ON OPERATOR CLASS pg_catalog.pg_lsn_minmax_ops USING brin IS 'OID = 10160';
ALTER OPERATOR FAMILY pg_catalog.pg_lsn_minmax_ops USING brin ADD OPERATOR 1 < (pg_lsn, pg_lsn), OPERATOR 2 <= (pg_lsn, pg_lsn), OPERATOR 3 = (pg_lsn, pg_lsn), OPERATOR 4 >= (pg_lsn, pg_lsn), OPERATOR 5 > (pg_lsn, pg_lsn), FUNCTION 1 (pg_lsn, pg_lsn) pg_catalog.brin_minmax_opcinfo(internal), FUNCTION 2 (pg_lsn, pg_lsn) pg_catalog.brin_minmax_add_value(internal, internal, internal, internal), FUNCTION 3 (pg_lsn, pg_lsn) pg_catalog.brin_minmax_consistent(internal, internal, internal), FUNCTION 4 (pg_lsn, pg_lsn) pg_catalog.brin_minmax_union(internal, internal, internal);

-- brin: range_inclusion_ops

CREATE OPERATOR FAMILY pg_catalog.range_inclusion_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.range_inclusion_ops USING brin IS 'OID = 4103';
CREATE OPERATOR CLASS pg_catalog.range_inclusion_ops DEFAULT FOR TYPE anyrange USING brin FAMILY pg_catalog.range_inclusion_ops AS STORAGE anyrange;
COMMENT ON OPERATOR CLASS pg_catalog.range_inclusion_ops USING brin IS 'OID = 10159';
ALTER OPERATOR FAMILY pg_catalog.range_inclusion_ops USING brin ADD OPERATOR 16 @> (anyrange, anyelement), OPERATOR 1 << (anyrange, anyrange), OPERATOR 2 &< (anyrange, anyrange), OPERATOR 3 && (anyrange, anyrange), OPERATOR 4 &> (anyrange, anyrange), OPERATOR 5 >> (anyrange, anyrange), OPERATOR 7 @> (anyrange, anyrange), OPERATOR 8 <@ (anyrange, anyrange), OPERATOR 17 -|- (anyrange, anyrange), OPERATOR 18 = (anyrange, anyrange), OPERATOR 20 < (anyrange, anyrange), OPERATOR 21 <= (anyrange, anyrange), OPERATOR 22 > (anyrange, anyrange), OPERATOR 23 >= (anyrange, anyrange), FUNCTION 1 (anyrange, anyrange) pg_catalog.brin_inclusion_opcinfo(internal), FUNCTION 2 (anyrange, anyrange) pg_catalog.brin_inclusion_add_value(internal, internal, internal, internal), FUNCTION 3 (anyrange, anyrange) pg_catalog.brin_inclusion_consistent(internal, internal, internal), FUNCTION 4 (anyrange, anyrange) pg_catalog.brin_inclusion_union(internal, internal, internal), FUNCTION 11 (anyrange, anyrange) pg_catalog.range_merge(anyrange, anyrange), FUNCTION 13 (anyrange, anyrange) pg_catalog.range_contains(anyrange, anyrange), FUNCTION 14 (anyrange, anyrange) pg_catalog.isempty(anyrange);

-- brin: text_bloom_ops

CREATE OPERATOR FAMILY pg_catalog.text_bloom_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.text_bloom_ops USING brin IS 'OID = 4573';
CREATE OPERATOR CLASS pg_catalog.text_bloom_ops FOR TYPE text USING brin FAMILY pg_catalog.text_bloom_ops AS STORAGE text;
COMMENT ON OPERATOR CLASS pg_catalog.text_bloom_ops USING brin IS 'OID = 10108';
ALTER OPERATOR FAMILY pg_catalog.text_bloom_ops USING brin ADD OPERATOR 1 = (text, text), FUNCTION 1 (text, text) pg_catalog.brin_bloom_opcinfo(internal), FUNCTION 2 (text, text) pg_catalog.brin_bloom_add_value(internal, internal, internal, internal), FUNCTION 3 (text, text) pg_catalog.brin_bloom_consistent(internal, internal, internal, int4), FUNCTION 4 (text, text) pg_catalog.brin_bloom_union(internal, internal, internal), FUNCTION 5 (text, text) pg_catalog.brin_bloom_options(internal), FUNCTION 11 (text, text) pg_catalog.hashtext(text);

-- brin: text_minmax_ops

CREATE OPERATOR FAMILY pg_catalog.text_minmax_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.text_minmax_ops USING brin IS 'OID = 4056';
CREATE OPERATOR CLASS pg_catalog.text_minmax_ops DEFAULT FOR TYPE text USING brin FAMILY pg_catalog.text_minmax_ops AS STORAGE text;
COMMENT ON OPERATOR CLASS pg_catalog.text_minmax_ops USING brin IS 'OID = 10107';
ALTER OPERATOR FAMILY pg_catalog.text_minmax_ops USING brin ADD OPERATOR 1 < (text, text), OPERATOR 2 <= (text, text), OPERATOR 3 = (text, text), OPERATOR 4 >= (text, text), OPERATOR 5 > (text, text), FUNCTION 1 (text, text) pg_catalog.brin_minmax_opcinfo(internal), FUNCTION 2 (text, text) pg_catalog.brin_minmax_add_value(internal, internal, internal, internal), FUNCTION 3 (text, text) pg_catalog.brin_minmax_consistent(internal, internal, internal), FUNCTION 4 (text, text) pg_catalog.brin_minmax_union(internal, internal, internal);

-- brin: tid_bloom_ops

CREATE OPERATOR FAMILY pg_catalog.tid_bloom_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.tid_bloom_ops USING brin IS 'OID = 4581';
CREATE OPERATOR CLASS pg_catalog.tid_bloom_ops FOR TYPE tid USING brin FAMILY pg_catalog.tid_bloom_ops AS STORAGE tid;
COMMENT ON OPERATOR CLASS pg_catalog.tid_bloom_ops USING brin IS 'OID = 10113';
ALTER OPERATOR FAMILY pg_catalog.tid_bloom_ops USING brin ADD OPERATOR 1 = (tid, tid), FUNCTION 1 (tid, tid) pg_catalog.brin_bloom_opcinfo(internal), FUNCTION 2 (tid, tid) pg_catalog.brin_bloom_add_value(internal, internal, internal, internal), FUNCTION 3 (tid, tid) pg_catalog.brin_bloom_consistent(internal, internal, internal, int4), FUNCTION 4 (tid, tid) pg_catalog.brin_bloom_union(internal, internal, internal), FUNCTION 5 (tid, tid) pg_catalog.brin_bloom_options(internal), FUNCTION 11 (tid, tid) pg_catalog.hashtid(tid);

-- brin: tid_minmax_multi_ops

CREATE OPERATOR FAMILY pg_catalog.tid_minmax_multi_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.tid_minmax_multi_ops USING brin IS 'OID = 4607';
CREATE OPERATOR CLASS pg_catalog.tid_minmax_multi_ops FOR TYPE tid USING brin FAMILY pg_catalog.tid_minmax_multi_ops AS STORAGE tid;
COMMENT ON OPERATOR CLASS pg_catalog.tid_minmax_multi_ops USING brin IS 'OID = 10114';
ALTER OPERATOR FAMILY pg_catalog.tid_minmax_multi_ops USING brin ADD OPERATOR 1 < (tid, tid), OPERATOR 2 <= (tid, tid), OPERATOR 3 = (tid, tid), OPERATOR 4 >= (tid, tid), OPERATOR 5 > (tid, tid), FUNCTION 1 (tid, tid) pg_catalog.brin_minmax_multi_opcinfo(internal), FUNCTION 2 (tid, tid) pg_catalog.brin_minmax_multi_add_value(internal, internal, internal, internal), FUNCTION 3 (tid, tid) pg_catalog.brin_minmax_multi_consistent(internal, internal, internal, int4), FUNCTION 4 (tid, tid) pg_catalog.brin_minmax_multi_union(internal, internal, internal), FUNCTION 5 (tid, tid) pg_catalog.brin_minmax_multi_options(internal), FUNCTION 11 (tid, tid) pg_catalog.brin_minmax_multi_distance_tid(internal, internal);

-- brin: tid_minmax_ops

CREATE OPERATOR FAMILY pg_catalog.tid_minmax_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.tid_minmax_ops USING brin IS 'OID = 4069';
CREATE OPERATOR CLASS pg_catalog.tid_minmax_ops DEFAULT FOR TYPE tid USING brin FAMILY pg_catalog.tid_minmax_ops AS STORAGE tid;
COMMENT ON OPERATOR CLASS pg_catalog.tid_minmax_ops USING brin IS 'OID = 10112';
ALTER OPERATOR FAMILY pg_catalog.tid_minmax_ops USING brin ADD OPERATOR 1 < (tid, tid), OPERATOR 2 <= (tid, tid), OPERATOR 3 = (tid, tid), OPERATOR 4 >= (tid, tid), OPERATOR 5 > (tid, tid), FUNCTION 1 (tid, tid) pg_catalog.brin_minmax_opcinfo(internal), FUNCTION 2 (tid, tid) pg_catalog.brin_minmax_add_value(internal, internal, internal, internal), FUNCTION 3 (tid, tid) pg_catalog.brin_minmax_consistent(internal, internal, internal), FUNCTION 4 (tid, tid) pg_catalog.brin_minmax_union(internal, internal, internal);

-- brin: time_bloom_ops

CREATE OPERATOR FAMILY pg_catalog.time_bloom_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.time_bloom_ops USING brin IS 'OID = 4587';
CREATE OPERATOR CLASS pg_catalog.time_bloom_ops FOR TYPE time USING brin FAMILY pg_catalog.time_bloom_ops AS STORAGE time;
COMMENT ON OPERATOR CLASS pg_catalog.time_bloom_ops USING brin IS 'OID = 10135';
ALTER OPERATOR FAMILY pg_catalog.time_bloom_ops USING brin ADD OPERATOR 1 = (time, time), FUNCTION 1 (time, time) pg_catalog.brin_bloom_opcinfo(internal), FUNCTION 2 (time, time) pg_catalog.brin_bloom_add_value(internal, internal, internal, internal), FUNCTION 3 (time, time) pg_catalog.brin_bloom_consistent(internal, internal, internal, int4), FUNCTION 4 (time, time) pg_catalog.brin_bloom_union(internal, internal, internal), FUNCTION 5 (time, time) pg_catalog.brin_bloom_options(internal), FUNCTION 11 (time, time) pg_catalog.time_hash(time);

-- brin: time_minmax_multi_ops

CREATE OPERATOR FAMILY pg_catalog.time_minmax_multi_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.time_minmax_multi_ops USING brin IS 'OID = 4612';
CREATE OPERATOR CLASS pg_catalog.time_minmax_multi_ops FOR TYPE time USING brin FAMILY pg_catalog.time_minmax_multi_ops AS STORAGE time;
COMMENT ON OPERATOR CLASS pg_catalog.time_minmax_multi_ops USING brin IS 'OID = 10134';
ALTER OPERATOR FAMILY pg_catalog.time_minmax_multi_ops USING brin ADD OPERATOR 1 < (time, time), OPERATOR 2 <= (time, time), OPERATOR 3 = (time, time), OPERATOR 4 >= (time, time), OPERATOR 5 > (time, time), FUNCTION 1 (time, time) pg_catalog.brin_minmax_multi_opcinfo(internal), FUNCTION 2 (time, time) pg_catalog.brin_minmax_multi_add_value(internal, internal, internal, internal), FUNCTION 3 (time, time) pg_catalog.brin_minmax_multi_consistent(internal, internal, internal, int4), FUNCTION 4 (time, time) pg_catalog.brin_minmax_multi_union(internal, internal, internal), FUNCTION 5 (time, time) pg_catalog.brin_minmax_multi_options(internal), FUNCTION 11 (time, time) pg_catalog.brin_minmax_multi_distance_time(internal, internal);

-- brin: time_minmax_ops

CREATE OPERATOR FAMILY pg_catalog.time_minmax_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.time_minmax_ops USING brin IS 'OID = 4077';
CREATE OPERATOR CLASS pg_catalog.time_minmax_ops DEFAULT FOR TYPE time USING brin FAMILY pg_catalog.time_minmax_ops AS STORAGE time;
COMMENT ON OPERATOR CLASS pg_catalog.time_minmax_ops USING brin IS 'OID = 10133';
ALTER OPERATOR FAMILY pg_catalog.time_minmax_ops USING brin ADD OPERATOR 1 < (time, time), OPERATOR 2 <= (time, time), OPERATOR 3 = (time, time), OPERATOR 4 >= (time, time), OPERATOR 5 > (time, time), FUNCTION 1 (time, time) pg_catalog.brin_minmax_opcinfo(internal), FUNCTION 2 (time, time) pg_catalog.brin_minmax_add_value(internal, internal, internal, internal), FUNCTION 3 (time, time) pg_catalog.brin_minmax_consistent(internal, internal, internal), FUNCTION 4 (time, time) pg_catalog.brin_minmax_union(internal, internal, internal);

-- brin: timetz_bloom_ops

CREATE OPERATOR FAMILY pg_catalog.timetz_bloom_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.timetz_bloom_ops USING brin IS 'OID = 4575';
CREATE OPERATOR CLASS pg_catalog.timetz_bloom_ops FOR TYPE timetz USING brin FAMILY pg_catalog.timetz_bloom_ops AS STORAGE timetz;
COMMENT ON OPERATOR CLASS pg_catalog.timetz_bloom_ops USING brin IS 'OID = 10150';
ALTER OPERATOR FAMILY pg_catalog.timetz_bloom_ops USING brin ADD OPERATOR 1 = (timetz, timetz), FUNCTION 1 (timetz, timetz) pg_catalog.brin_bloom_opcinfo(internal), FUNCTION 2 (timetz, timetz) pg_catalog.brin_bloom_add_value(internal, internal, internal, internal), FUNCTION 3 (timetz, timetz) pg_catalog.brin_bloom_consistent(internal, internal, internal, int4), FUNCTION 4 (timetz, timetz) pg_catalog.brin_bloom_union(internal, internal, internal), FUNCTION 5 (timetz, timetz) pg_catalog.brin_bloom_options(internal), FUNCTION 11 (timetz, timetz) pg_catalog.timetz_hash(timetz);

-- brin: timetz_minmax_multi_ops

CREATE OPERATOR FAMILY pg_catalog.timetz_minmax_multi_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.timetz_minmax_multi_ops USING brin IS 'OID = 4604';
CREATE OPERATOR CLASS pg_catalog.timetz_minmax_multi_ops FOR TYPE timetz USING brin FAMILY pg_catalog.timetz_minmax_multi_ops AS STORAGE timetz;
COMMENT ON OPERATOR CLASS pg_catalog.timetz_minmax_multi_ops USING brin IS 'OID = 10149';
ALTER OPERATOR FAMILY pg_catalog.timetz_minmax_multi_ops USING brin ADD OPERATOR 1 < (timetz, timetz), OPERATOR 2 <= (timetz, timetz), OPERATOR 3 = (timetz, timetz), OPERATOR 4 >= (timetz, timetz), OPERATOR 5 > (timetz, timetz), FUNCTION 1 (timetz, timetz) pg_catalog.brin_minmax_multi_opcinfo(internal), FUNCTION 2 (timetz, timetz) pg_catalog.brin_minmax_multi_add_value(internal, internal, internal, internal), FUNCTION 3 (timetz, timetz) pg_catalog.brin_minmax_multi_consistent(internal, internal, internal, int4), FUNCTION 4 (timetz, timetz) pg_catalog.brin_minmax_multi_union(internal, internal, internal), FUNCTION 5 (timetz, timetz) pg_catalog.brin_minmax_multi_options(internal), FUNCTION 11 (timetz, timetz) pg_catalog.brin_minmax_multi_distance_timetz(internal, internal);

-- brin: timetz_minmax_ops

CREATE OPERATOR FAMILY pg_catalog.timetz_minmax_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.timetz_minmax_ops USING brin IS 'OID = 4058';
CREATE OPERATOR CLASS pg_catalog.timetz_minmax_ops DEFAULT FOR TYPE timetz USING brin FAMILY pg_catalog.timetz_minmax_ops AS STORAGE timetz;
COMMENT ON OPERATOR CLASS pg_catalog.timetz_minmax_ops USING brin IS 'OID = 10148';
ALTER OPERATOR FAMILY pg_catalog.timetz_minmax_ops USING brin ADD OPERATOR 1 < (timetz, timetz), OPERATOR 2 <= (timetz, timetz), OPERATOR 3 = (timetz, timetz), OPERATOR 4 >= (timetz, timetz), OPERATOR 5 > (timetz, timetz), FUNCTION 1 (timetz, timetz) pg_catalog.brin_minmax_opcinfo(internal), FUNCTION 2 (timetz, timetz) pg_catalog.brin_minmax_add_value(internal, internal, internal, internal), FUNCTION 3 (timetz, timetz) pg_catalog.brin_minmax_consistent(internal, internal, internal), FUNCTION 4 (timetz, timetz) pg_catalog.brin_minmax_union(internal, internal, internal);

-- brin: uuid_bloom_ops

CREATE OPERATOR FAMILY pg_catalog.uuid_bloom_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.uuid_bloom_ops USING brin IS 'OID = 4589';
CREATE OPERATOR CLASS pg_catalog.uuid_bloom_ops FOR TYPE uuid USING brin FAMILY pg_catalog.uuid_bloom_ops AS STORAGE uuid;
COMMENT ON OPERATOR CLASS pg_catalog.uuid_bloom_ops USING brin IS 'OID = 10158';
ALTER OPERATOR FAMILY pg_catalog.uuid_bloom_ops USING brin ADD OPERATOR 1 = (uuid, uuid), FUNCTION 1 (uuid, uuid) pg_catalog.brin_bloom_opcinfo(internal), FUNCTION 2 (uuid, uuid) pg_catalog.brin_bloom_add_value(internal, internal, internal, internal), FUNCTION 3 (uuid, uuid) pg_catalog.brin_bloom_consistent(internal, internal, internal, int4), FUNCTION 4 (uuid, uuid) pg_catalog.brin_bloom_union(internal, internal, internal), FUNCTION 5 (uuid, uuid) pg_catalog.brin_bloom_options(internal), FUNCTION 11 (uuid, uuid) pg_catalog.uuid_hash(uuid);

-- brin: uuid_minmax_multi_ops

CREATE OPERATOR FAMILY pg_catalog.uuid_minmax_multi_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.uuid_minmax_multi_ops USING brin IS 'OID = 4614';
CREATE OPERATOR CLASS pg_catalog.uuid_minmax_multi_ops FOR TYPE uuid USING brin FAMILY pg_catalog.uuid_minmax_multi_ops AS STORAGE uuid;
COMMENT ON OPERATOR CLASS pg_catalog.uuid_minmax_multi_ops USING brin IS 'OID = 10157';
ALTER OPERATOR FAMILY pg_catalog.uuid_minmax_multi_ops USING brin ADD OPERATOR 1 < (uuid, uuid), OPERATOR 2 <= (uuid, uuid), OPERATOR 3 = (uuid, uuid), OPERATOR 4 >= (uuid, uuid), OPERATOR 5 > (uuid, uuid), FUNCTION 1 (uuid, uuid) pg_catalog.brin_minmax_multi_opcinfo(internal), FUNCTION 2 (uuid, uuid) pg_catalog.brin_minmax_multi_add_value(internal, internal, internal, internal), FUNCTION 3 (uuid, uuid) pg_catalog.brin_minmax_multi_consistent(internal, internal, internal, int4), FUNCTION 4 (uuid, uuid) pg_catalog.brin_minmax_multi_union(internal, internal, internal), FUNCTION 5 (uuid, uuid) pg_catalog.brin_minmax_multi_options(internal), FUNCTION 11 (uuid, uuid) pg_catalog.brin_minmax_multi_distance_uuid(internal, internal);

-- brin: uuid_minmax_ops

CREATE OPERATOR FAMILY pg_catalog.uuid_minmax_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.uuid_minmax_ops USING brin IS 'OID = 4081';
CREATE OPERATOR CLASS pg_catalog.uuid_minmax_ops DEFAULT FOR TYPE uuid USING brin FAMILY pg_catalog.uuid_minmax_ops AS STORAGE uuid;
COMMENT ON OPERATOR CLASS pg_catalog.uuid_minmax_ops USING brin IS 'OID = 10156';
ALTER OPERATOR FAMILY pg_catalog.uuid_minmax_ops USING brin ADD OPERATOR 1 < (uuid, uuid), OPERATOR 2 <= (uuid, uuid), OPERATOR 3 = (uuid, uuid), OPERATOR 4 >= (uuid, uuid), OPERATOR 5 > (uuid, uuid), FUNCTION 1 (uuid, uuid) pg_catalog.brin_minmax_opcinfo(internal), FUNCTION 2 (uuid, uuid) pg_catalog.brin_minmax_add_value(internal, internal, internal, internal), FUNCTION 3 (uuid, uuid) pg_catalog.brin_minmax_consistent(internal, internal, internal), FUNCTION 4 (uuid, uuid) pg_catalog.brin_minmax_union(internal, internal, internal);

-- brin: varbit_minmax_ops

CREATE OPERATOR FAMILY pg_catalog.varbit_minmax_ops USING brin;
COMMENT ON OPERATOR FAMILY pg_catalog.varbit_minmax_ops USING brin IS 'OID = 4080';
CREATE OPERATOR CLASS pg_catalog.varbit_minmax_ops DEFAULT FOR TYPE varbit USING brin FAMILY pg_catalog.varbit_minmax_ops AS STORAGE varbit;
COMMENT ON OPERATOR CLASS pg_catalog.varbit_minmax_ops USING brin IS 'OID = 10152';
ALTER OPERATOR FAMILY pg_catalog.varbit_minmax_ops USING brin ADD OPERATOR 1 < (varbit, varbit), OPERATOR 2 <= (varbit, varbit), OPERATOR 3 = (varbit, varbit), OPERATOR 4 >= (varbit, varbit), OPERATOR 5 > (varbit, varbit), FUNCTION 1 (varbit, varbit) pg_catalog.brin_minmax_opcinfo(internal), FUNCTION 2 (varbit, varbit) pg_catalog.brin_minmax_add_value(internal, internal, internal, internal), FUNCTION 3 (varbit, varbit) pg_catalog.brin_minmax_consistent(internal, internal, internal), FUNCTION 4 (varbit, varbit) pg_catalog.brin_minmax_union(internal, internal, internal);

-- btree: array_ops

CREATE OPERATOR FAMILY pg_catalog.array_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.array_ops USING btree IS 'OID = 397';
CREATE OPERATOR CLASS pg_catalog.array_ops DEFAULT FOR TYPE anyarray USING btree FAMILY pg_catalog.array_ops AS STORAGE anyarray;
COMMENT ON OPERATOR CLASS pg_catalog.array_ops USING btree IS 'OID = 10000, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.array_ops USING btree ADD OPERATOR 1 < (anyarray, anyarray), OPERATOR 2 <= (anyarray, anyarray), OPERATOR 3 = (anyarray, anyarray), OPERATOR 4 >= (anyarray, anyarray), OPERATOR 5 > (anyarray, anyarray), FUNCTION 1 (anyarray, anyarray) pg_catalog.btarraycmp(anyarray, anyarray);

-- btree: bit_ops

CREATE OPERATOR FAMILY pg_catalog.bit_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.bit_ops USING btree IS 'OID = 423';
CREATE OPERATOR CLASS pg_catalog.bit_ops DEFAULT FOR TYPE bit USING btree FAMILY pg_catalog.bit_ops AS STORAGE bit;
COMMENT ON OPERATOR CLASS pg_catalog.bit_ops USING btree IS 'OID = 10002, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.bit_ops USING btree ADD OPERATOR 1 < (bit, bit), OPERATOR 2 <= (bit, bit), OPERATOR 3 = (bit, bit), OPERATOR 4 >= (bit, bit), OPERATOR 5 > (bit, bit), FUNCTION 1 (bit, bit) pg_catalog.bitcmp(bit, bit), FUNCTION 4 (bit, bit) pg_catalog.btequalimage(oid);

-- btree: bool_ops

CREATE OPERATOR FAMILY pg_catalog.bool_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.bool_ops USING btree IS 'OID = 424';
CREATE OPERATOR CLASS pg_catalog.bool_ops DEFAULT FOR TYPE bool USING btree FAMILY pg_catalog.bool_ops AS STORAGE bool;
COMMENT ON OPERATOR CLASS pg_catalog.bool_ops USING btree IS 'OID = 10003, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.bool_ops USING btree ADD OPERATOR 1 < (bool, bool), OPERATOR 2 <= (bool, bool), OPERATOR 3 = (bool, bool), OPERATOR 4 >= (bool, bool), OPERATOR 5 > (bool, bool), FUNCTION 1 (bool, bool) pg_catalog.btboolcmp(bool, bool), FUNCTION 4 (bool, bool) pg_catalog.btequalimage(oid);

-- btree: bpchar_ops

CREATE OPERATOR FAMILY pg_catalog.bpchar_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.bpchar_ops USING btree IS 'OID = 426';
CREATE OPERATOR CLASS pg_catalog.bpchar_ops DEFAULT FOR TYPE bpchar USING btree FAMILY pg_catalog.bpchar_ops AS STORAGE bpchar;
COMMENT ON OPERATOR CLASS pg_catalog.bpchar_ops USING btree IS 'OID = 10004, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.bpchar_ops USING btree ADD OPERATOR 1 < (bpchar, bpchar), OPERATOR 2 <= (bpchar, bpchar), OPERATOR 3 = (bpchar, bpchar), OPERATOR 4 >= (bpchar, bpchar), OPERATOR 5 > (bpchar, bpchar), FUNCTION 1 (bpchar, bpchar) pg_catalog.bpcharcmp(bpchar, bpchar), FUNCTION 2 (bpchar, bpchar) pg_catalog.bpchar_sortsupport(internal), FUNCTION 4 (bpchar, bpchar) pg_catalog.btvarstrequalimage(oid);

-- btree: bpchar_pattern_ops

CREATE OPERATOR FAMILY pg_catalog.bpchar_pattern_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.bpchar_pattern_ops USING btree IS 'OID = 2097';
CREATE OPERATOR CLASS pg_catalog.bpchar_pattern_ops FOR TYPE bpchar USING btree FAMILY pg_catalog.bpchar_pattern_ops AS STORAGE bpchar;
COMMENT ON OPERATOR CLASS pg_catalog.bpchar_pattern_ops USING btree IS 'OID = 4219, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.bpchar_pattern_ops USING btree ADD OPERATOR 1 ~<~ (bpchar, bpchar), OPERATOR 2 ~<=~ (bpchar, bpchar), OPERATOR 3 = (bpchar, bpchar), OPERATOR 4 ~>=~ (bpchar, bpchar), OPERATOR 5 ~>~ (bpchar, bpchar), FUNCTION 1 (bpchar, bpchar) pg_catalog.btbpchar_pattern_cmp(bpchar, bpchar), FUNCTION 2 (bpchar, bpchar) pg_catalog.btbpchar_pattern_sortsupport(internal), FUNCTION 4 (bpchar, bpchar) pg_catalog.btequalimage(oid);

-- btree: bytea_ops

CREATE OPERATOR FAMILY pg_catalog.bytea_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.bytea_ops USING btree IS 'OID = 428';
CREATE OPERATOR CLASS pg_catalog.bytea_ops DEFAULT FOR TYPE bytea USING btree FAMILY pg_catalog.bytea_ops AS STORAGE bytea;
COMMENT ON OPERATOR CLASS pg_catalog.bytea_ops USING btree IS 'OID = 10006, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.bytea_ops USING btree ADD OPERATOR 1 < (bytea, bytea), OPERATOR 2 <= (bytea, bytea), OPERATOR 3 = (bytea, bytea), OPERATOR 4 >= (bytea, bytea), OPERATOR 5 > (bytea, bytea), FUNCTION 1 (bytea, bytea) pg_catalog.byteacmp(bytea, bytea), FUNCTION 2 (bytea, bytea) pg_catalog.bytea_sortsupport(internal), FUNCTION 4 (bytea, bytea) pg_catalog.btequalimage(oid);

-- btree: char_ops

CREATE OPERATOR FAMILY pg_catalog.char_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.char_ops USING btree IS 'OID = 429';
CREATE OPERATOR CLASS pg_catalog.char_ops DEFAULT FOR TYPE "char" USING btree FAMILY pg_catalog.char_ops AS STORAGE "char";
COMMENT ON OPERATOR CLASS pg_catalog.char_ops USING btree IS 'OID = 10007, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.char_ops USING btree ADD OPERATOR 1 < ("char", "char"), OPERATOR 2 <= ("char", "char"), OPERATOR 3 = ("char", "char"), OPERATOR 4 >= ("char", "char"), OPERATOR 5 > ("char", "char"), FUNCTION 1 ("char", "char") pg_catalog.btcharcmp("char", "char"), FUNCTION 4 ("char", "char") pg_catalog.btequalimage(oid);

-- btree: datetime_ops

CREATE OPERATOR FAMILY pg_catalog.datetime_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.datetime_ops USING btree IS 'OID = 434';
CREATE OPERATOR CLASS pg_catalog.date_ops DEFAULT FOR TYPE date USING btree FAMILY pg_catalog.datetime_ops AS STORAGE date;
COMMENT ON OPERATOR CLASS pg_catalog.date_ops USING btree IS 'OID = 3122, AS_ITS_TYPE = 1';
CREATE OPERATOR CLASS pg_catalog.timestamp_ops DEFAULT FOR TYPE timestamp USING btree FAMILY pg_catalog.datetime_ops AS STORAGE timestamp;
COMMENT ON OPERATOR CLASS pg_catalog.timestamp_ops USING btree IS 'OID = 3128, AS_ITS_TYPE = 1';
CREATE OPERATOR CLASS pg_catalog.timestamptz_ops DEFAULT FOR TYPE timestamptz USING btree FAMILY pg_catalog.datetime_ops AS STORAGE timestamptz;
COMMENT ON OPERATOR CLASS pg_catalog.timestamptz_ops USING btree IS 'OID = 3127, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.datetime_ops USING btree ADD OPERATOR 1 < (date, date), OPERATOR 2 <= (date, date), OPERATOR 3 = (date, date), OPERATOR 4 >= (date, date), OPERATOR 5 > (date, date), OPERATOR 1 < (date, timestamp), OPERATOR 2 <= (date, timestamp), OPERATOR 3 = (date, timestamp), OPERATOR 4 >= (date, timestamp), OPERATOR 5 > (date, timestamp), OPERATOR 1 < (date, timestamptz), OPERATOR 2 <= (date, timestamptz), OPERATOR 3 = (date, timestamptz), OPERATOR 4 >= (date, timestamptz), OPERATOR 5 > (date, timestamptz), OPERATOR 1 < (timestamp, date), OPERATOR 2 <= (timestamp, date), OPERATOR 3 = (timestamp, date), OPERATOR 4 >= (timestamp, date), OPERATOR 5 > (timestamp, date), OPERATOR 1 < (timestamp, timestamp), OPERATOR 2 <= (timestamp, timestamp), OPERATOR 3 = (timestamp, timestamp), OPERATOR 4 >= (timestamp, timestamp), OPERATOR 5 > (timestamp, timestamp), OPERATOR 1 < (timestamp, timestamptz), OPERATOR 2 <= (timestamp, timestamptz), OPERATOR 3 = (timestamp, timestamptz), OPERATOR 4 >= (timestamp, timestamptz), OPERATOR 5 > (timestamp, timestamptz), OPERATOR 1 < (timestamptz, date), OPERATOR 2 <= (timestamptz, date), OPERATOR 3 = (timestamptz, date), OPERATOR 4 >= (timestamptz, date), OPERATOR 5 > (timestamptz, date), OPERATOR 1 < (timestamptz, timestamp), OPERATOR 2 <= (timestamptz, timestamp), OPERATOR 3 = (timestamptz, timestamp), OPERATOR 4 >= (timestamptz, timestamp), OPERATOR 5 > (timestamptz, timestamp), OPERATOR 1 < (timestamptz, timestamptz), OPERATOR 2 <= (timestamptz, timestamptz), OPERATOR 3 = (timestamptz, timestamptz), OPERATOR 4 >= (timestamptz, timestamptz), OPERATOR 5 > (timestamptz, timestamptz), FUNCTION 1 (date, date) pg_catalog.date_cmp(date, date), FUNCTION 2 (date, date) pg_catalog.date_sortsupport(internal), FUNCTION 4 (date, date) pg_catalog.btequalimage(oid), FUNCTION 1 (date, timestamp) pg_catalog.date_cmp_timestamp(date, timestamp), FUNCTION 1 (date, timestamptz) pg_catalog.date_cmp_timestamptz(date, timestamptz), FUNCTION 3 (date, interval) pg_catalog.in_range(date, date, interval, bool, bool), FUNCTION 1 (timestamp, date) pg_catalog.timestamp_cmp_date(timestamp, date), FUNCTION 1 (timestamp, timestamp) pg_catalog.timestamp_cmp(timestamp, timestamp), FUNCTION 2 (timestamp, timestamp) pg_catalog.timestamp_sortsupport(internal), FUNCTION 4 (timestamp, timestamp) pg_catalog.btequalimage(oid), FUNCTION 1 (timestamp, timestamptz) pg_catalog.timestamp_cmp_timestamptz(timestamp, timestamptz), FUNCTION 3 (timestamp, interval) pg_catalog.in_range(timestamp, timestamp, interval, bool, bool), FUNCTION 1 (timestamptz, date) pg_catalog.timestamptz_cmp_date(timestamptz, date), FUNCTION 1 (timestamptz, timestamp) pg_catalog.timestamptz_cmp_timestamp(timestamptz, timestamp), FUNCTION 1 (timestamptz, timestamptz) pg_catalog.timestamptz_cmp(timestamptz, timestamptz), FUNCTION 2 (timestamptz, timestamptz) pg_catalog.timestamp_sortsupport(internal), FUNCTION 4 (timestamptz, timestamptz) pg_catalog.btequalimage(oid), FUNCTION 3 (timestamptz, interval) pg_catalog.in_range(timestamptz, timestamptz, interval, bool, bool);

-- btree: enum_ops

CREATE OPERATOR FAMILY pg_catalog.enum_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.enum_ops USING btree IS 'OID = 3522';
CREATE OPERATOR CLASS pg_catalog.enum_ops DEFAULT FOR TYPE anyenum USING btree FAMILY pg_catalog.enum_ops AS STORAGE anyenum;
COMMENT ON OPERATOR CLASS pg_catalog.enum_ops USING btree IS 'OID = 10069, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.enum_ops USING btree ADD OPERATOR 1 < (anyenum, anyenum), OPERATOR 2 <= (anyenum, anyenum), OPERATOR 3 = (anyenum, anyenum), OPERATOR 4 >= (anyenum, anyenum), OPERATOR 5 > (anyenum, anyenum), FUNCTION 1 (anyenum, anyenum) pg_catalog.enum_cmp(anyenum, anyenum), FUNCTION 4 (anyenum, anyenum) pg_catalog.btequalimage(oid);

-- btree: float_ops

CREATE OPERATOR FAMILY pg_catalog.float_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.float_ops USING btree IS 'OID = 1970';
CREATE OPERATOR CLASS pg_catalog.float4_ops DEFAULT FOR TYPE float4 USING btree FAMILY pg_catalog.float_ops AS STORAGE float4;
COMMENT ON OPERATOR CLASS pg_catalog.float4_ops USING btree IS 'OID = 10012, AS_ITS_TYPE = 1';
CREATE OPERATOR CLASS pg_catalog.float8_ops DEFAULT FOR TYPE float8 USING btree FAMILY pg_catalog.float_ops AS STORAGE float8;
COMMENT ON OPERATOR CLASS pg_catalog.float8_ops USING btree IS 'OID = 3123, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.float_ops USING btree ADD OPERATOR 1 < (float4, float4), OPERATOR 2 <= (float4, float4), OPERATOR 3 = (float4, float4), OPERATOR 4 >= (float4, float4), OPERATOR 5 > (float4, float4), OPERATOR 1 < (float4, float8), OPERATOR 2 <= (float4, float8), OPERATOR 3 = (float4, float8), OPERATOR 4 >= (float4, float8), OPERATOR 5 > (float4, float8), OPERATOR 1 < (float8, float4), OPERATOR 2 <= (float8, float4), OPERATOR 3 = (float8, float4), OPERATOR 4 >= (float8, float4), OPERATOR 5 > (float8, float4), OPERATOR 1 < (float8, float8), OPERATOR 2 <= (float8, float8), OPERATOR 3 = (float8, float8), OPERATOR 4 >= (float8, float8), OPERATOR 5 > (float8, float8), FUNCTION 1 (float4, float4) pg_catalog.btfloat4cmp(float4, float4), FUNCTION 2 (float4, float4) pg_catalog.btfloat4sortsupport(internal), FUNCTION 1 (float4, float8) pg_catalog.btfloat48cmp(float4, float8), FUNCTION 3 (float4, float8) pg_catalog.in_range(float4, float4, float8, bool, bool), FUNCTION 1 (float8, float4) pg_catalog.btfloat84cmp(float8, float4), FUNCTION 1 (float8, float8) pg_catalog.btfloat8cmp(float8, float8), FUNCTION 2 (float8, float8) pg_catalog.btfloat8sortsupport(internal), FUNCTION 3 (float8, float8) pg_catalog.in_range(float8, float8, float8, bool, bool);

-- btree: integer_ops

CREATE OPERATOR FAMILY pg_catalog.integer_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.integer_ops USING btree IS 'OID = 1976';
CREATE OPERATOR CLASS pg_catalog.int8_ops DEFAULT FOR TYPE int8 USING btree FAMILY pg_catalog.integer_ops AS STORAGE int8;
COMMENT ON OPERATOR CLASS pg_catalog.int8_ops USING btree IS 'OID = 3124, AS_ITS_TYPE = 1';
CREATE OPERATOR CLASS pg_catalog.int2_ops DEFAULT FOR TYPE int2 USING btree FAMILY pg_catalog.integer_ops AS STORAGE int2;
COMMENT ON OPERATOR CLASS pg_catalog.int2_ops USING btree IS 'OID = 1979, AS_ITS_TYPE = 1';
CREATE OPERATOR CLASS pg_catalog.int4_ops DEFAULT FOR TYPE int4 USING btree FAMILY pg_catalog.integer_ops AS STORAGE int4;
COMMENT ON OPERATOR CLASS pg_catalog.int4_ops USING btree IS 'OID = 1978, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.integer_ops USING btree ADD OPERATOR 1 < (int8, int8), OPERATOR 2 <= (int8, int8), OPERATOR 3 = (int8, int8), OPERATOR 4 >= (int8, int8), OPERATOR 5 > (int8, int8), OPERATOR 1 < (int8, int2), OPERATOR 2 <= (int8, int2), OPERATOR 3 = (int8, int2), OPERATOR 4 >= (int8, int2), OPERATOR 5 > (int8, int2), OPERATOR 1 < (int8, int4), OPERATOR 2 <= (int8, int4), OPERATOR 3 = (int8, int4), OPERATOR 4 >= (int8, int4), OPERATOR 5 > (int8, int4), OPERATOR 1 < (int2, int8), OPERATOR 2 <= (int2, int8), OPERATOR 3 = (int2, int8), OPERATOR 4 >= (int2, int8), OPERATOR 5 > (int2, int8), OPERATOR 1 < (int2, int2), OPERATOR 2 <= (int2, int2), OPERATOR 3 = (int2, int2), OPERATOR 4 >= (int2, int2), OPERATOR 5 > (int2, int2), OPERATOR 1 < (int2, int4), OPERATOR 2 <= (int2, int4), OPERATOR 3 = (int2, int4), OPERATOR 4 >= (int2, int4), OPERATOR 5 > (int2, int4), OPERATOR 1 < (int4, int8), OPERATOR 2 <= (int4, int8), OPERATOR 3 = (int4, int8), OPERATOR 4 >= (int4, int8), OPERATOR 5 > (int4, int8), OPERATOR 1 < (int4, int2), OPERATOR 2 <= (int4, int2), OPERATOR 3 = (int4, int2), OPERATOR 4 >= (int4, int2), OPERATOR 5 > (int4, int2), OPERATOR 1 < (int4, int4), OPERATOR 2 <= (int4, int4), OPERATOR 3 = (int4, int4), OPERATOR 4 >= (int4, int4), OPERATOR 5 > (int4, int4), FUNCTION 1 (int8, int8) pg_catalog.btint8cmp(int8, int8), FUNCTION 2 (int8, int8) pg_catalog.btint8sortsupport(internal), FUNCTION 3 (int8, int8) pg_catalog.in_range(int8, int8, int8, bool, bool), FUNCTION 4 (int8, int8) pg_catalog.btequalimage(oid), FUNCTION 1 (int8, int2) pg_catalog.btint82cmp(int8, int2), FUNCTION 1 (int8, int4) pg_catalog.btint84cmp(int8, int4), FUNCTION 1 (int2, int8) pg_catalog.btint28cmp(int2, int8), FUNCTION 3 (int2, int8) pg_catalog.in_range(int2, int2, int8, bool, bool), FUNCTION 1 (int2, int2) pg_catalog.btint2cmp(int2, int2), FUNCTION 2 (int2, int2) pg_catalog.btint2sortsupport(internal), FUNCTION 3 (int2, int2) pg_catalog.in_range(int2, int2, int2, bool, bool), FUNCTION 4 (int2, int2) pg_catalog.btequalimage(oid), FUNCTION 1 (int2, int4) pg_catalog.btint24cmp(int2, int4), FUNCTION 3 (int2, int4) pg_catalog.in_range(int2, int2, int4, bool, bool), FUNCTION 1 (int4, int8) pg_catalog.btint48cmp(int4, int8), FUNCTION 3 (int4, int8) pg_catalog.in_range(int4, int4, int8, bool, bool), FUNCTION 1 (int4, int2) pg_catalog.btint42cmp(int4, int2), FUNCTION 3 (int4, int2) pg_catalog.in_range(int4, int4, int2, bool, bool), FUNCTION 1 (int4, int4) pg_catalog.btint4cmp(int4, int4), FUNCTION 2 (int4, int4) pg_catalog.btint4sortsupport(internal), FUNCTION 3 (int4, int4) pg_catalog.in_range(int4, int4, int4, bool, bool), FUNCTION 4 (int4, int4) pg_catalog.btequalimage(oid);

-- btree: interval_ops

CREATE OPERATOR FAMILY pg_catalog.interval_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.interval_ops USING btree IS 'OID = 1982';
CREATE OPERATOR CLASS pg_catalog.interval_ops DEFAULT FOR TYPE interval USING btree FAMILY pg_catalog.interval_ops AS STORAGE interval;
COMMENT ON OPERATOR CLASS pg_catalog.interval_ops USING btree IS 'OID = 10022, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.interval_ops USING btree ADD OPERATOR 1 < (interval, interval), OPERATOR 2 <= (interval, interval), OPERATOR 3 = (interval, interval), OPERATOR 4 >= (interval, interval), OPERATOR 5 > (interval, interval), FUNCTION 1 (interval, interval) pg_catalog.interval_cmp(interval, interval), FUNCTION 3 (interval, interval) pg_catalog.in_range(interval, interval, interval, bool, bool);

-- btree: jsonb_ops

CREATE OPERATOR FAMILY pg_catalog.jsonb_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.jsonb_ops USING btree IS 'OID = 4033';
CREATE OPERATOR CLASS pg_catalog.jsonb_ops DEFAULT FOR TYPE jsonb USING btree FAMILY pg_catalog.jsonb_ops AS STORAGE jsonb;
COMMENT ON OPERATOR CLASS pg_catalog.jsonb_ops USING btree IS 'OID = 10088, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.jsonb_ops USING btree ADD OPERATOR 1 < (jsonb, jsonb), OPERATOR 2 <= (jsonb, jsonb), OPERATOR 3 = (jsonb, jsonb), OPERATOR 4 >= (jsonb, jsonb), OPERATOR 5 > (jsonb, jsonb), FUNCTION 1 (jsonb, jsonb) pg_catalog.jsonb_cmp(jsonb, jsonb);

-- btree: macaddr8_ops

CREATE OPERATOR FAMILY pg_catalog.macaddr8_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.macaddr8_ops USING btree IS 'OID = 3371';
CREATE OPERATOR CLASS pg_catalog.macaddr8_ops DEFAULT FOR TYPE macaddr8 USING btree FAMILY pg_catalog.macaddr8_ops AS STORAGE macaddr8;
COMMENT ON OPERATOR CLASS pg_catalog.macaddr8_ops USING btree IS 'OID = 10026, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.macaddr8_ops USING btree ADD OPERATOR 1 < (macaddr8, macaddr8), OPERATOR 2 <= (macaddr8, macaddr8), OPERATOR 3 = (macaddr8, macaddr8), OPERATOR 4 >= (macaddr8, macaddr8), OPERATOR 5 > (macaddr8, macaddr8), FUNCTION 1 (macaddr8, macaddr8) pg_catalog.macaddr8_cmp(macaddr8, macaddr8), FUNCTION 4 (macaddr8, macaddr8) pg_catalog.btequalimage(oid);

-- btree: macaddr_ops

CREATE OPERATOR FAMILY pg_catalog.macaddr_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.macaddr_ops USING btree IS 'OID = 1984';
CREATE OPERATOR CLASS pg_catalog.macaddr_ops DEFAULT FOR TYPE macaddr USING btree FAMILY pg_catalog.macaddr_ops AS STORAGE macaddr;
COMMENT ON OPERATOR CLASS pg_catalog.macaddr_ops USING btree IS 'OID = 10024, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.macaddr_ops USING btree ADD OPERATOR 1 < (macaddr, macaddr), OPERATOR 2 <= (macaddr, macaddr), OPERATOR 3 = (macaddr, macaddr), OPERATOR 4 >= (macaddr, macaddr), OPERATOR 5 > (macaddr, macaddr), FUNCTION 1 (macaddr, macaddr) pg_catalog.macaddr_cmp(macaddr, macaddr), FUNCTION 2 (macaddr, macaddr) pg_catalog.macaddr_sortsupport(internal), FUNCTION 4 (macaddr, macaddr) pg_catalog.btequalimage(oid);

-- btree: money_ops

CREATE OPERATOR FAMILY pg_catalog.money_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.money_ops USING btree IS 'OID = 2099';
CREATE OPERATOR CLASS pg_catalog.money_ops DEFAULT FOR TYPE money USING btree FAMILY pg_catalog.money_ops AS STORAGE money;
COMMENT ON OPERATOR CLASS pg_catalog.money_ops USING btree IS 'OID = 10047, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.money_ops USING btree ADD OPERATOR 1 < (money, money), OPERATOR 2 <= (money, money), OPERATOR 3 = (money, money), OPERATOR 4 >= (money, money), OPERATOR 5 > (money, money), FUNCTION 1 (money, money) pg_catalog.cash_cmp(money, money), FUNCTION 4 (money, money) pg_catalog.btequalimage(oid);

-- btree: multirange_ops

CREATE OPERATOR FAMILY pg_catalog.multirange_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.multirange_ops USING btree IS 'OID = 4199';
CREATE OPERATOR CLASS pg_catalog.multirange_ops DEFAULT FOR TYPE anymultirange USING btree FAMILY pg_catalog.multirange_ops AS STORAGE anymultirange;
COMMENT ON OPERATOR CLASS pg_catalog.multirange_ops USING btree IS 'OID = 10080, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.multirange_ops USING btree ADD OPERATOR 1 < (anymultirange, anymultirange), OPERATOR 2 <= (anymultirange, anymultirange), OPERATOR 3 = (anymultirange, anymultirange), OPERATOR 4 >= (anymultirange, anymultirange), OPERATOR 5 > (anymultirange, anymultirange), FUNCTION 1 (anymultirange, anymultirange) pg_catalog.multirange_cmp(anymultirange, anymultirange);

-- btree: network_ops

CREATE OPERATOR FAMILY pg_catalog.network_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.network_ops USING btree IS 'OID = 1974';
CREATE OPERATOR CLASS pg_catalog.cidr_ops FOR TYPE inet USING btree FAMILY pg_catalog.network_ops AS STORAGE inet;
COMMENT ON OPERATOR CLASS pg_catalog.cidr_ops USING btree IS 'OID = 10009, AS_ITS_TYPE = 1';
CREATE OPERATOR CLASS pg_catalog.inet_ops DEFAULT FOR TYPE inet USING btree FAMILY pg_catalog.network_ops AS STORAGE inet;
COMMENT ON OPERATOR CLASS pg_catalog.inet_ops USING btree IS 'OID = 10015, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.network_ops USING btree ADD OPERATOR 1 < (inet, inet), OPERATOR 2 <= (inet, inet), OPERATOR 3 = (inet, inet), OPERATOR 4 >= (inet, inet), OPERATOR 5 > (inet, inet), FUNCTION 1 (inet, inet) pg_catalog.network_cmp(inet, inet), FUNCTION 2 (inet, inet) pg_catalog.network_sortsupport(internal), FUNCTION 4 (inet, inet) pg_catalog.btequalimage(oid);

-- btree: numeric_ops

CREATE OPERATOR FAMILY pg_catalog.numeric_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.numeric_ops USING btree IS 'OID = 1988';
CREATE OPERATOR CLASS pg_catalog.numeric_ops DEFAULT FOR TYPE numeric USING btree FAMILY pg_catalog.numeric_ops AS STORAGE numeric;
COMMENT ON OPERATOR CLASS pg_catalog.numeric_ops USING btree IS 'OID = 3125, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.numeric_ops USING btree ADD OPERATOR 1 < (numeric, numeric), OPERATOR 2 <= (numeric, numeric), OPERATOR 3 = (numeric, numeric), OPERATOR 4 >= (numeric, numeric), OPERATOR 5 > (numeric, numeric), FUNCTION 1 (numeric, numeric) pg_catalog.numeric_cmp(numeric, numeric), FUNCTION 2 (numeric, numeric) pg_catalog.numeric_sortsupport(internal), FUNCTION 3 (numeric, numeric) pg_catalog.in_range(numeric, numeric, numeric, bool, bool);

-- btree: oid_ops

CREATE OPERATOR FAMILY pg_catalog.oid_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.oid_ops USING btree IS 'OID = 1989';
CREATE OPERATOR CLASS pg_catalog.oid_ops DEFAULT FOR TYPE oid USING btree FAMILY pg_catalog.oid_ops AS STORAGE oid;
COMMENT ON OPERATOR CLASS pg_catalog.oid_ops USING btree IS 'OID = 1981, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.oid_ops USING btree ADD OPERATOR 1 < (oid, oid), OPERATOR 2 <= (oid, oid), OPERATOR 3 = (oid, oid), OPERATOR 4 >= (oid, oid), OPERATOR 5 > (oid, oid), FUNCTION 1 (oid, oid) pg_catalog.btoidcmp(oid, oid), FUNCTION 2 (oid, oid) pg_catalog.btoidsortsupport(internal), FUNCTION 4 (oid, oid) pg_catalog.btequalimage(oid);

-- btree: oidvector_ops

CREATE OPERATOR FAMILY pg_catalog.oidvector_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.oidvector_ops USING btree IS 'OID = 1991';
CREATE OPERATOR CLASS pg_catalog.oidvector_ops DEFAULT FOR TYPE oidvector USING btree FAMILY pg_catalog.oidvector_ops AS STORAGE oidvector;
COMMENT ON OPERATOR CLASS pg_catalog.oidvector_ops USING btree IS 'OID = 10032, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.oidvector_ops USING btree ADD OPERATOR 1 < (oidvector, oidvector), OPERATOR 2 <= (oidvector, oidvector), OPERATOR 3 = (oidvector, oidvector), OPERATOR 4 >= (oidvector, oidvector), OPERATOR 5 > (oidvector, oidvector), FUNCTION 1 (oidvector, oidvector) pg_catalog.btoidvectorcmp(oidvector, oidvector), FUNCTION 4 (oidvector, oidvector) pg_catalog.btequalimage(oid);

-- btree: pg_lsn_ops

CREATE OPERATOR FAMILY pg_catalog.pg_lsn_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.pg_lsn_ops USING btree IS 'OID = 3253';
CREATE OPERATOR CLASS pg_catalog.pg_lsn_ops DEFAULT FOR TYPE pg_lsn USING btree FAMILY pg_catalog.pg_lsn_ops AS STORAGE pg_lsn;
COMMENT ON OPERATOR CLASS pg_catalog.pg_lsn_ops USING btree IS 'OID = 10067, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.pg_lsn_ops USING btree ADD OPERATOR 1 < (pg_lsn, pg_lsn), OPERATOR 2 <= (pg_lsn, pg_lsn), OPERATOR 3 = (pg_lsn, pg_lsn), OPERATOR 4 >= (pg_lsn, pg_lsn), OPERATOR 5 > (pg_lsn, pg_lsn), FUNCTION 1 (pg_lsn, pg_lsn) pg_catalog.pg_lsn_cmp(pg_lsn, pg_lsn), FUNCTION 4 (pg_lsn, pg_lsn) pg_catalog.btequalimage(oid);

-- btree: range_ops

CREATE OPERATOR FAMILY pg_catalog.range_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.range_ops USING btree IS 'OID = 3901';
CREATE OPERATOR CLASS pg_catalog.range_ops DEFAULT FOR TYPE anyrange USING btree FAMILY pg_catalog.range_ops AS STORAGE anyrange;
COMMENT ON OPERATOR CLASS pg_catalog.range_ops USING btree IS 'OID = 10076, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.range_ops USING btree ADD OPERATOR 1 < (anyrange, anyrange), OPERATOR 2 <= (anyrange, anyrange), OPERATOR 3 = (anyrange, anyrange), OPERATOR 4 >= (anyrange, anyrange), OPERATOR 5 > (anyrange, anyrange), FUNCTION 1 (anyrange, anyrange) pg_catalog.range_cmp(anyrange, anyrange);

-- btree: record_image_ops

CREATE OPERATOR FAMILY pg_catalog.record_image_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.record_image_ops USING btree IS 'OID = 3194';
CREATE OPERATOR CLASS pg_catalog.record_image_ops FOR TYPE record USING btree FAMILY pg_catalog.record_image_ops AS STORAGE record;
COMMENT ON OPERATOR CLASS pg_catalog.record_image_ops USING btree IS 'OID = 10036, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.record_image_ops USING btree ADD OPERATOR 1 *< (record, record), OPERATOR 2 *<= (record, record), OPERATOR 3 *= (record, record), OPERATOR 4 *>= (record, record), OPERATOR 5 *> (record, record), FUNCTION 1 (record, record) pg_catalog.btrecordimagecmp(record, record);

-- btree: record_ops

CREATE OPERATOR FAMILY pg_catalog.record_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.record_ops USING btree IS 'OID = 2994';
CREATE OPERATOR CLASS pg_catalog.record_ops DEFAULT FOR TYPE record USING btree FAMILY pg_catalog.record_ops AS STORAGE record;
COMMENT ON OPERATOR CLASS pg_catalog.record_ops USING btree IS 'OID = 10034, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.record_ops USING btree ADD OPERATOR 1 < (record, record), OPERATOR 2 <= (record, record), OPERATOR 3 = (record, record), OPERATOR 4 >= (record, record), OPERATOR 5 > (record, record), FUNCTION 1 (record, record) pg_catalog.btrecordcmp(record, record);

-- btree: text_ops

CREATE OPERATOR FAMILY pg_catalog.text_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.text_ops USING btree IS 'OID = 1994';
CREATE OPERATOR CLASS pg_catalog.name_ops DEFAULT FOR TYPE name USING btree FAMILY pg_catalog.text_ops AS STORAGE cstring;
COMMENT ON OPERATOR CLASS pg_catalog.name_ops USING btree IS 'OID = 10028';
CREATE OPERATOR CLASS pg_catalog.text_ops DEFAULT FOR TYPE text USING btree FAMILY pg_catalog.text_ops AS STORAGE text;
COMMENT ON OPERATOR CLASS pg_catalog.text_ops USING btree IS 'OID = 3126, AS_ITS_TYPE = 1';
CREATE OPERATOR CLASS pg_catalog.varchar_ops FOR TYPE text USING btree FAMILY pg_catalog.text_ops AS STORAGE text;
COMMENT ON OPERATOR CLASS pg_catalog.varchar_ops USING btree IS 'OID = 10044, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.text_ops USING btree ADD OPERATOR 1 < (name, name), OPERATOR 2 <= (name, name), OPERATOR 3 = (name, name), OPERATOR 4 >= (name, name), OPERATOR 5 > (name, name), OPERATOR 1 < (name, text), OPERATOR 2 <= (name, text), OPERATOR 3 = (name, text), OPERATOR 4 >= (name, text), OPERATOR 5 > (name, text), OPERATOR 1 < (text, name), OPERATOR 2 <= (text, name), OPERATOR 3 = (text, name), OPERATOR 4 >= (text, name), OPERATOR 5 > (text, name), OPERATOR 1 < (text, text), OPERATOR 2 <= (text, text), OPERATOR 3 = (text, text), OPERATOR 4 >= (text, text), OPERATOR 5 > (text, text), FUNCTION 1 (name, name) pg_catalog.btnamecmp(name, name), FUNCTION 2 (name, name) pg_catalog.btnamesortsupport(internal), FUNCTION 4 (name, name) pg_catalog.btvarstrequalimage(oid), FUNCTION 1 (name, text) pg_catalog.btnametextcmp(name, text), FUNCTION 1 (text, name) pg_catalog.bttextnamecmp(text, name), FUNCTION 1 (text, text) pg_catalog.bttextcmp(text, text), FUNCTION 2 (text, text) pg_catalog.bttextsortsupport(internal), FUNCTION 4 (text, text) pg_catalog.btvarstrequalimage(oid);

-- btree: text_pattern_ops

CREATE OPERATOR FAMILY pg_catalog.text_pattern_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.text_pattern_ops USING btree IS 'OID = 2095';
CREATE OPERATOR CLASS pg_catalog.text_pattern_ops FOR TYPE text USING btree FAMILY pg_catalog.text_pattern_ops AS STORAGE text;
COMMENT ON OPERATOR CLASS pg_catalog.text_pattern_ops USING btree IS 'OID = 4217, AS_ITS_TYPE = 1';
CREATE OPERATOR CLASS pg_catalog.varchar_pattern_ops FOR TYPE text USING btree FAMILY pg_catalog.text_pattern_ops AS STORAGE text;
COMMENT ON OPERATOR CLASS pg_catalog.varchar_pattern_ops USING btree IS 'OID = 4218, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.text_pattern_ops USING btree ADD OPERATOR 1 ~<~ (text, text), OPERATOR 2 ~<=~ (text, text), OPERATOR 3 = (text, text), OPERATOR 4 ~>=~ (text, text), OPERATOR 5 ~>~ (text, text), FUNCTION 1 (text, text) pg_catalog.bttext_pattern_cmp(text, text), FUNCTION 2 (text, text) pg_catalog.bttext_pattern_sortsupport(internal), FUNCTION 4 (text, text) pg_catalog.btequalimage(oid);

-- btree: tid_ops

CREATE OPERATOR FAMILY pg_catalog.tid_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.tid_ops USING btree IS 'OID = 2789';
CREATE OPERATOR CLASS pg_catalog.tid_ops DEFAULT FOR TYPE tid USING btree FAMILY pg_catalog.tid_ops AS STORAGE tid;
COMMENT ON OPERATOR CLASS pg_catalog.tid_ops USING btree IS 'OID = 10050, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.tid_ops USING btree ADD OPERATOR 1 < (tid, tid), OPERATOR 2 <= (tid, tid), OPERATOR 3 = (tid, tid), OPERATOR 4 >= (tid, tid), OPERATOR 5 > (tid, tid), FUNCTION 1 (tid, tid) pg_catalog.bttidcmp(tid, tid), FUNCTION 4 (tid, tid) pg_catalog.btequalimage(oid);

-- btree: time_ops

CREATE OPERATOR FAMILY pg_catalog.time_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.time_ops USING btree IS 'OID = 1996';
CREATE OPERATOR CLASS pg_catalog.time_ops DEFAULT FOR TYPE time USING btree FAMILY pg_catalog.time_ops AS STORAGE time;
COMMENT ON OPERATOR CLASS pg_catalog.time_ops USING btree IS 'OID = 10038, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.time_ops USING btree ADD OPERATOR 1 < (time, time), OPERATOR 2 <= (time, time), OPERATOR 3 = (time, time), OPERATOR 4 >= (time, time), OPERATOR 5 > (time, time), FUNCTION 1 (time, time) pg_catalog.time_cmp(time, time), FUNCTION 4 (time, time) pg_catalog.btequalimage(oid), FUNCTION 3 (time, interval) pg_catalog.in_range(time, time, interval, bool, bool);

-- btree: timetz_ops

CREATE OPERATOR FAMILY pg_catalog.timetz_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.timetz_ops USING btree IS 'OID = 2000';
CREATE OPERATOR CLASS pg_catalog.timetz_ops DEFAULT FOR TYPE timetz USING btree FAMILY pg_catalog.timetz_ops AS STORAGE timetz;
COMMENT ON OPERATOR CLASS pg_catalog.timetz_ops USING btree IS 'OID = 10041, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.timetz_ops USING btree ADD OPERATOR 1 < (timetz, timetz), OPERATOR 2 <= (timetz, timetz), OPERATOR 3 = (timetz, timetz), OPERATOR 4 >= (timetz, timetz), OPERATOR 5 > (timetz, timetz), FUNCTION 3 (timetz, interval) pg_catalog.in_range(timetz, timetz, interval, bool, bool), FUNCTION 1 (timetz, timetz) pg_catalog.timetz_cmp(timetz, timetz), FUNCTION 4 (timetz, timetz) pg_catalog.btequalimage(oid);

-- btree: tsquery_ops

CREATE OPERATOR FAMILY pg_catalog.tsquery_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.tsquery_ops USING btree IS 'OID = 3683';
CREATE OPERATOR CLASS pg_catalog.tsquery_ops DEFAULT FOR TYPE tsquery USING btree FAMILY pg_catalog.tsquery_ops AS STORAGE tsquery;
COMMENT ON OPERATOR CLASS pg_catalog.tsquery_ops USING btree IS 'OID = 10074, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.tsquery_ops USING btree ADD OPERATOR 1 < (tsquery, tsquery), OPERATOR 2 <= (tsquery, tsquery), OPERATOR 3 = (tsquery, tsquery), OPERATOR 4 >= (tsquery, tsquery), OPERATOR 5 > (tsquery, tsquery), FUNCTION 1 (tsquery, tsquery) pg_catalog.tsquery_cmp(tsquery, tsquery);

-- btree: tsvector_ops

CREATE OPERATOR FAMILY pg_catalog.tsvector_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.tsvector_ops USING btree IS 'OID = 3626';
CREATE OPERATOR CLASS pg_catalog.tsvector_ops DEFAULT FOR TYPE tsvector USING btree FAMILY pg_catalog.tsvector_ops AS STORAGE tsvector;
COMMENT ON OPERATOR CLASS pg_catalog.tsvector_ops USING btree IS 'OID = 10071, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.tsvector_ops USING btree ADD OPERATOR 1 < (tsvector, tsvector), OPERATOR 2 <= (tsvector, tsvector), OPERATOR 3 = (tsvector, tsvector), OPERATOR 4 >= (tsvector, tsvector), OPERATOR 5 > (tsvector, tsvector), FUNCTION 1 (tsvector, tsvector) pg_catalog.tsvector_cmp(tsvector, tsvector);

-- btree: uuid_ops

CREATE OPERATOR FAMILY pg_catalog.uuid_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.uuid_ops USING btree IS 'OID = 2968';
CREATE OPERATOR CLASS pg_catalog.uuid_ops DEFAULT FOR TYPE uuid USING btree FAMILY pg_catalog.uuid_ops AS STORAGE uuid;
COMMENT ON OPERATOR CLASS pg_catalog.uuid_ops USING btree IS 'OID = 10065, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.uuid_ops USING btree ADD OPERATOR 1 < (uuid, uuid), OPERATOR 2 <= (uuid, uuid), OPERATOR 3 = (uuid, uuid), OPERATOR 4 >= (uuid, uuid), OPERATOR 5 > (uuid, uuid), FUNCTION 1 (uuid, uuid) pg_catalog.uuid_cmp(uuid, uuid), FUNCTION 2 (uuid, uuid) pg_catalog.uuid_sortsupport(internal), FUNCTION 4 (uuid, uuid) pg_catalog.btequalimage(oid);

-- btree: varbit_ops

CREATE OPERATOR FAMILY pg_catalog.varbit_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.varbit_ops USING btree IS 'OID = 2002';
CREATE OPERATOR CLASS pg_catalog.varbit_ops DEFAULT FOR TYPE varbit USING btree FAMILY pg_catalog.varbit_ops AS STORAGE varbit;
COMMENT ON OPERATOR CLASS pg_catalog.varbit_ops USING btree IS 'OID = 10043, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.varbit_ops USING btree ADD OPERATOR 1 < (varbit, varbit), OPERATOR 2 <= (varbit, varbit), OPERATOR 3 = (varbit, varbit), OPERATOR 4 >= (varbit, varbit), OPERATOR 5 > (varbit, varbit), FUNCTION 1 (varbit, varbit) pg_catalog.varbitcmp(varbit, varbit), FUNCTION 4 (varbit, varbit) pg_catalog.btequalimage(oid);

-- btree: xid8_ops

CREATE OPERATOR FAMILY pg_catalog.xid8_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.xid8_ops USING btree IS 'OID = 5067';
CREATE OPERATOR CLASS pg_catalog.xid8_ops DEFAULT FOR TYPE xid8 USING btree FAMILY pg_catalog.xid8_ops AS STORAGE xid8;
COMMENT ON OPERATOR CLASS pg_catalog.xid8_ops USING btree IS 'OID = 10053, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.xid8_ops USING btree ADD OPERATOR 1 < (xid8, xid8), OPERATOR 2 <= (xid8, xid8), OPERATOR 3 = (xid8, xid8), OPERATOR 4 >= (xid8, xid8), OPERATOR 5 > (xid8, xid8), FUNCTION 1 (xid8, xid8) pg_catalog.xid8cmp(xid8, xid8), FUNCTION 4 (xid8, xid8) pg_catalog.btequalimage(oid);

-- gin: array_ops

CREATE OPERATOR FAMILY pg_catalog.array_ops USING gin;
COMMENT ON OPERATOR FAMILY pg_catalog.array_ops USING gin IS 'OID = 2745';
CREATE OPERATOR CLASS pg_catalog.array_ops DEFAULT FOR TYPE anyarray USING gin FAMILY pg_catalog.array_ops AS STORAGE anyelement;
COMMENT ON OPERATOR CLASS pg_catalog.array_ops USING gin IS 'OID = 10064';
ALTER OPERATOR FAMILY pg_catalog.array_ops USING gin ADD OPERATOR 1 && (anyarray, anyarray), OPERATOR 2 @> (anyarray, anyarray), OPERATOR 3 <@ (anyarray, anyarray), OPERATOR 4 = (anyarray, anyarray), FUNCTION 2 (anyarray, anyarray) pg_catalog.ginarrayextract(anyarray, internal, internal), FUNCTION 3 (anyarray, anyarray) pg_catalog.ginqueryarrayextract(anyarray, internal, int2, internal, internal, internal, internal), FUNCTION 4 (anyarray, anyarray) pg_catalog.ginarrayconsistent(internal, int2, anyarray, int4, internal, internal, internal, internal), FUNCTION 6 (anyarray, anyarray) pg_catalog.ginarraytriconsistent(internal, int2, anyarray, int4, internal, internal, internal);

-- gin: jsonb_ops

CREATE OPERATOR FAMILY pg_catalog.jsonb_ops USING gin;
COMMENT ON OPERATOR FAMILY pg_catalog.jsonb_ops USING gin IS 'OID = 4036';
CREATE OPERATOR CLASS pg_catalog.jsonb_ops DEFAULT FOR TYPE jsonb USING gin FAMILY pg_catalog.jsonb_ops AS STORAGE text;
COMMENT ON OPERATOR CLASS pg_catalog.jsonb_ops USING gin IS 'OID = 10090';
ALTER OPERATOR FAMILY pg_catalog.jsonb_ops USING gin ADD OPERATOR 9 ? (jsonb, text), OPERATOR 10 ?| (jsonb, text[]), OPERATOR 11 ?& (jsonb, text[]), OPERATOR 7 @> (jsonb, jsonb), OPERATOR 15 @? (jsonb, jsonpath), OPERATOR 16 @@ (jsonb, jsonpath), FUNCTION 1 (jsonb, jsonb) pg_catalog.gin_compare_jsonb(text, text), FUNCTION 2 (jsonb, jsonb) pg_catalog.gin_extract_jsonb(jsonb, internal, internal), FUNCTION 3 (jsonb, jsonb) pg_catalog.gin_extract_jsonb_query(jsonb, internal, int2, internal, internal, internal, internal), FUNCTION 4 (jsonb, jsonb) pg_catalog.gin_consistent_jsonb(internal, int2, jsonb, int4, internal, internal, internal, internal), FUNCTION 6 (jsonb, jsonb) pg_catalog.gin_triconsistent_jsonb(internal, int2, jsonb, int4, internal, internal, internal);

-- gin: jsonb_path_ops

CREATE OPERATOR FAMILY pg_catalog.jsonb_path_ops USING gin;
COMMENT ON OPERATOR FAMILY pg_catalog.jsonb_path_ops USING gin IS 'OID = 4037';
CREATE OPERATOR CLASS pg_catalog.jsonb_path_ops FOR TYPE jsonb USING gin FAMILY pg_catalog.jsonb_path_ops AS STORAGE int4;
COMMENT ON OPERATOR CLASS pg_catalog.jsonb_path_ops USING gin IS 'OID = 10091';
ALTER OPERATOR FAMILY pg_catalog.jsonb_path_ops USING gin ADD OPERATOR 7 @> (jsonb, jsonb), OPERATOR 15 @? (jsonb, jsonpath), OPERATOR 16 @@ (jsonb, jsonpath), FUNCTION 1 (jsonb, jsonb) pg_catalog.btint4cmp(int4, int4), FUNCTION 2 (jsonb, jsonb) pg_catalog.gin_extract_jsonb_path(jsonb, internal, internal), FUNCTION 3 (jsonb, jsonb) pg_catalog.gin_extract_jsonb_query_path(jsonb, internal, int2, internal, internal, internal, internal), FUNCTION 4 (jsonb, jsonb) pg_catalog.gin_consistent_jsonb_path(internal, int2, jsonb, int4, internal, internal, internal, internal), FUNCTION 6 (jsonb, jsonb) pg_catalog.gin_triconsistent_jsonb_path(internal, int2, jsonb, int4, internal, internal, internal);

-- gin: tsvector_ops

CREATE OPERATOR FAMILY pg_catalog.tsvector_ops USING gin;
COMMENT ON OPERATOR FAMILY pg_catalog.tsvector_ops USING gin IS 'OID = 3659';
CREATE OPERATOR CLASS pg_catalog.tsvector_ops DEFAULT FOR TYPE tsvector USING gin FAMILY pg_catalog.tsvector_ops AS STORAGE text;
COMMENT ON OPERATOR CLASS pg_catalog.tsvector_ops USING gin IS 'OID = 10073';
ALTER OPERATOR FAMILY pg_catalog.tsvector_ops USING gin ADD OPERATOR 1 @@ (tsvector, tsquery), OPERATOR 2 @@@ (tsvector, tsquery), FUNCTION 1 (tsvector, tsvector) pg_catalog.gin_cmp_tslexeme(text, text), FUNCTION 2 (tsvector, tsvector) pg_catalog.gin_extract_tsvector(tsvector, internal, internal), FUNCTION 3 (tsvector, tsvector) pg_catalog.gin_extract_tsquery(tsvector, internal, int2, internal, internal, internal, internal), FUNCTION 4 (tsvector, tsvector) pg_catalog.gin_tsquery_consistent(internal, int2, tsvector, int4, internal, internal, internal, internal), FUNCTION 5 (tsvector, tsvector) pg_catalog.gin_cmp_prefix(text, text, int2, internal), FUNCTION 6 (tsvector, tsvector) pg_catalog.gin_tsquery_triconsistent(internal, int2, tsvector, int4, internal, internal, internal);

-- gist: box_ops

CREATE OPERATOR FAMILY pg_catalog.box_ops USING gist;
COMMENT ON OPERATOR FAMILY pg_catalog.box_ops USING gist IS 'OID = 2593';
CREATE OPERATOR CLASS pg_catalog.box_ops DEFAULT FOR TYPE box USING gist FAMILY pg_catalog.box_ops AS STORAGE box;
COMMENT ON OPERATOR CLASS pg_catalog.box_ops USING gist IS 'OID = 10060, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.box_ops USING gist ADD OPERATOR 15 <-> (box, point) FOR ORDER BY float_ops, OPERATOR 1 << (box, box), OPERATOR 2 &< (box, box), OPERATOR 3 && (box, box), OPERATOR 4 &> (box, box), OPERATOR 5 >> (box, box), OPERATOR 6 ~= (box, box), OPERATOR 7 @> (box, box), OPERATOR 8 <@ (box, box), OPERATOR 9 &<| (box, box), OPERATOR 10 <<| (box, box), OPERATOR 11 |>> (box, box), OPERATOR 12 |&> (box, box), FUNCTION 1 (box, box) pg_catalog.gist_box_consistent(internal, box, int2, oid, internal), FUNCTION 2 (box, box) pg_catalog.gist_box_union(internal, internal), FUNCTION 5 (box, box) pg_catalog.gist_box_penalty(internal, internal, internal), FUNCTION 6 (box, box) pg_catalog.gist_box_picksplit(internal, internal), FUNCTION 7 (box, box) pg_catalog.gist_box_same(box, box, internal), FUNCTION 8 (box, box) pg_catalog.gist_box_distance(internal, box, int2, oid, internal);

-- gist: circle_ops

CREATE OPERATOR FAMILY pg_catalog.circle_ops USING gist;
COMMENT ON OPERATOR FAMILY pg_catalog.circle_ops USING gist IS 'OID = 2595';
CREATE OPERATOR CLASS pg_catalog.circle_ops DEFAULT FOR TYPE circle USING gist FAMILY pg_catalog.circle_ops AS STORAGE box;
COMMENT ON OPERATOR CLASS pg_catalog.circle_ops USING gist IS 'OID = 10063';
ALTER OPERATOR FAMILY pg_catalog.circle_ops USING gist ADD OPERATOR 15 <-> (circle, point) FOR ORDER BY float_ops, OPERATOR 1 << (circle, circle), OPERATOR 2 &< (circle, circle), OPERATOR 3 && (circle, circle), OPERATOR 4 &> (circle, circle), OPERATOR 5 >> (circle, circle), OPERATOR 6 ~= (circle, circle), OPERATOR 7 @> (circle, circle), OPERATOR 8 <@ (circle, circle), OPERATOR 9 &<| (circle, circle), OPERATOR 10 <<| (circle, circle), OPERATOR 11 |>> (circle, circle), OPERATOR 12 |&> (circle, circle), FUNCTION 1 (circle, circle) pg_catalog.gist_circle_consistent(internal, circle, int2, oid, internal), FUNCTION 2 (circle, circle) pg_catalog.gist_box_union(internal, internal), FUNCTION 3 (circle, circle) pg_catalog.gist_circle_compress(internal), FUNCTION 5 (circle, circle) pg_catalog.gist_box_penalty(internal, internal, internal), FUNCTION 6 (circle, circle) pg_catalog.gist_box_picksplit(internal, internal), FUNCTION 7 (circle, circle) pg_catalog.gist_box_same(box, box, internal), FUNCTION 8 (circle, circle) pg_catalog.gist_circle_distance(internal, circle, int2, oid, internal);

-- gist: multirange_ops

CREATE OPERATOR FAMILY pg_catalog.multirange_ops USING gist;
COMMENT ON OPERATOR FAMILY pg_catalog.multirange_ops USING gist IS 'OID = 6158';
CREATE OPERATOR CLASS pg_catalog.multirange_ops DEFAULT FOR TYPE anymultirange USING gist FAMILY pg_catalog.multirange_ops AS STORAGE anyrange;
COMMENT ON OPERATOR CLASS pg_catalog.multirange_ops USING gist IS 'OID = 10082';
ALTER OPERATOR FAMILY pg_catalog.multirange_ops USING gist ADD OPERATOR 16 @> (anymultirange, anyelement), OPERATOR 1 << (anymultirange, anyrange), OPERATOR 2 &< (anymultirange, anyrange), OPERATOR 3 && (anymultirange, anyrange), OPERATOR 4 &> (anymultirange, anyrange), OPERATOR 5 >> (anymultirange, anyrange), OPERATOR 6 -|- (anymultirange, anyrange), OPERATOR 7 @> (anymultirange, anyrange), OPERATOR 8 <@ (anymultirange, anyrange), OPERATOR 1 << (anymultirange, anymultirange), OPERATOR 2 &< (anymultirange, anymultirange), OPERATOR 3 && (anymultirange, anymultirange), OPERATOR 4 &> (anymultirange, anymultirange), OPERATOR 5 >> (anymultirange, anymultirange), OPERATOR 6 -|- (anymultirange, anymultirange), OPERATOR 7 @> (anymultirange, anymultirange), OPERATOR 8 <@ (anymultirange, anymultirange), OPERATOR 18 = (anymultirange, anymultirange), FUNCTION 1 (anymultirange, anymultirange) pg_catalog.multirange_gist_consistent(internal, anymultirange, int2, oid, internal), FUNCTION 2 (anymultirange, anymultirange) pg_catalog.range_gist_union(internal, internal), FUNCTION 3 (anymultirange, anymultirange) pg_catalog.multirange_gist_compress(internal), FUNCTION 5 (anymultirange, anymultirange) pg_catalog.range_gist_penalty(internal, internal, internal), FUNCTION 6 (anymultirange, anymultirange) pg_catalog.range_gist_picksplit(internal, internal), FUNCTION 7 (anymultirange, anymultirange) pg_catalog.range_gist_same(anyrange, anyrange, internal);

-- gist: network_ops

CREATE OPERATOR FAMILY pg_catalog.network_ops USING gist;
COMMENT ON OPERATOR FAMILY pg_catalog.network_ops USING gist IS 'OID = 3550';
CREATE OPERATOR CLASS pg_catalog.inet_ops FOR TYPE inet USING gist FAMILY pg_catalog.network_ops AS STORAGE inet;
COMMENT ON OPERATOR CLASS pg_catalog.inet_ops USING gist IS 'OID = 10017, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.network_ops USING gist ADD OPERATOR 3 && (inet, inet), OPERATOR 18 = (inet, inet), OPERATOR 19 <> (inet, inet), OPERATOR 20 < (inet, inet), OPERATOR 21 <= (inet, inet), OPERATOR 22 > (inet, inet), OPERATOR 23 >= (inet, inet), OPERATOR 24 << (inet, inet), OPERATOR 25 <<= (inet, inet), OPERATOR 26 >> (inet, inet), OPERATOR 27 >>= (inet, inet), FUNCTION 1 (inet, inet) pg_catalog.inet_gist_consistent(internal, inet, int2, oid, internal), FUNCTION 2 (inet, inet) pg_catalog.inet_gist_union(internal, internal), FUNCTION 3 (inet, inet) pg_catalog.inet_gist_compress(internal), FUNCTION 5 (inet, inet) pg_catalog.inet_gist_penalty(internal, internal, internal), FUNCTION 6 (inet, inet) pg_catalog.inet_gist_picksplit(internal, internal), FUNCTION 7 (inet, inet) pg_catalog.inet_gist_same(inet, inet, internal), FUNCTION 9 (inet, inet) pg_catalog.inet_gist_fetch(internal);

-- gist: point_ops

CREATE OPERATOR FAMILY pg_catalog.point_ops USING gist;
COMMENT ON OPERATOR FAMILY pg_catalog.point_ops USING gist IS 'OID = 1029';
CREATE OPERATOR CLASS pg_catalog.point_ops DEFAULT FOR TYPE point USING gist FAMILY pg_catalog.point_ops AS STORAGE box;
COMMENT ON OPERATOR CLASS pg_catalog.point_ops USING gist IS 'OID = 10061';
ALTER OPERATOR FAMILY pg_catalog.point_ops USING gist ADD OPERATOR 1 << (point, point), OPERATOR 5 >> (point, point), OPERATOR 6 ~= (point, point), OPERATOR 10 <<| (point, point), OPERATOR 11 |>> (point, point), OPERATOR 15 <-> (point, point) FOR ORDER BY float_ops, OPERATOR 29 <^ (point, point), OPERATOR 30 >^ (point, point), OPERATOR 28 <@ (point, box), OPERATOR 48 <@ (point, polygon), OPERATOR 68 <@ (point, circle), FUNCTION 1 (point, point) pg_catalog.gist_point_consistent(internal, point, int2, oid, internal), FUNCTION 2 (point, point) pg_catalog.gist_box_union(internal, internal), FUNCTION 3 (point, point) pg_catalog.gist_point_compress(internal), FUNCTION 5 (point, point) pg_catalog.gist_box_penalty(internal, internal, internal), FUNCTION 6 (point, point) pg_catalog.gist_box_picksplit(internal, internal), FUNCTION 7 (point, point) pg_catalog.gist_box_same(box, box, internal), FUNCTION 8 (point, point) pg_catalog.gist_point_distance(internal, point, int2, oid, internal), FUNCTION 9 (point, point) pg_catalog.gist_point_fetch(internal), FUNCTION 11 (point, point) pg_catalog.gist_point_sortsupport(internal);

-- gist: poly_ops

CREATE OPERATOR FAMILY pg_catalog.poly_ops USING gist;
COMMENT ON OPERATOR FAMILY pg_catalog.poly_ops USING gist IS 'OID = 2594';
CREATE OPERATOR CLASS pg_catalog.poly_ops DEFAULT FOR TYPE polygon USING gist FAMILY pg_catalog.poly_ops AS STORAGE box;
COMMENT ON OPERATOR CLASS pg_catalog.poly_ops USING gist IS 'OID = 10062';
ALTER OPERATOR FAMILY pg_catalog.poly_ops USING gist ADD OPERATOR 15 <-> (polygon, point) FOR ORDER BY float_ops, OPERATOR 1 << (polygon, polygon), OPERATOR 2 &< (polygon, polygon), OPERATOR 3 && (polygon, polygon), OPERATOR 4 &> (polygon, polygon), OPERATOR 5 >> (polygon, polygon), OPERATOR 6 ~= (polygon, polygon), OPERATOR 7 @> (polygon, polygon), OPERATOR 8 <@ (polygon, polygon), OPERATOR 9 &<| (polygon, polygon), OPERATOR 10 <<| (polygon, polygon), OPERATOR 11 |>> (polygon, polygon), OPERATOR 12 |&> (polygon, polygon), FUNCTION 1 (polygon, polygon) pg_catalog.gist_poly_consistent(internal, polygon, int2, oid, internal), FUNCTION 2 (polygon, polygon) pg_catalog.gist_box_union(internal, internal), FUNCTION 3 (polygon, polygon) pg_catalog.gist_poly_compress(internal), FUNCTION 5 (polygon, polygon) pg_catalog.gist_box_penalty(internal, internal, internal), FUNCTION 6 (polygon, polygon) pg_catalog.gist_box_picksplit(internal, internal), FUNCTION 7 (polygon, polygon) pg_catalog.gist_box_same(box, box, internal), FUNCTION 8 (polygon, polygon) pg_catalog.gist_poly_distance(internal, polygon, int2, oid, internal);

-- gist: range_ops

CREATE OPERATOR FAMILY pg_catalog.range_ops USING gist;
COMMENT ON OPERATOR FAMILY pg_catalog.range_ops USING gist IS 'OID = 3919';
CREATE OPERATOR CLASS pg_catalog.range_ops DEFAULT FOR TYPE anyrange USING gist FAMILY pg_catalog.range_ops AS STORAGE anyrange;
COMMENT ON OPERATOR CLASS pg_catalog.range_ops USING gist IS 'OID = 10078, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.range_ops USING gist ADD OPERATOR 16 @> (anyrange, anyelement), OPERATOR 1 << (anyrange, anyrange), OPERATOR 2 &< (anyrange, anyrange), OPERATOR 3 && (anyrange, anyrange), OPERATOR 4 &> (anyrange, anyrange), OPERATOR 5 >> (anyrange, anyrange), OPERATOR 6 -|- (anyrange, anyrange), OPERATOR 7 @> (anyrange, anyrange), OPERATOR 8 <@ (anyrange, anyrange), OPERATOR 18 = (anyrange, anyrange), OPERATOR 1 << (anyrange, anymultirange), OPERATOR 2 &< (anyrange, anymultirange), OPERATOR 3 && (anyrange, anymultirange), OPERATOR 4 &> (anyrange, anymultirange), OPERATOR 5 >> (anyrange, anymultirange), OPERATOR 6 -|- (anyrange, anymultirange), OPERATOR 7 @> (anyrange, anymultirange), OPERATOR 8 <@ (anyrange, anymultirange), FUNCTION 1 (anyrange, anyrange) pg_catalog.range_gist_consistent(internal, anyrange, int2, oid, internal), FUNCTION 2 (anyrange, anyrange) pg_catalog.range_gist_union(internal, internal), FUNCTION 5 (anyrange, anyrange) pg_catalog.range_gist_penalty(internal, internal, internal), FUNCTION 6 (anyrange, anyrange) pg_catalog.range_gist_picksplit(internal, internal), FUNCTION 7 (anyrange, anyrange) pg_catalog.range_gist_same(anyrange, anyrange, internal);

-- gist: tsquery_ops

CREATE OPERATOR FAMILY pg_catalog.tsquery_ops USING gist;
COMMENT ON OPERATOR FAMILY pg_catalog.tsquery_ops USING gist IS 'OID = 3702';
CREATE OPERATOR CLASS pg_catalog.tsquery_ops DEFAULT FOR TYPE tsquery USING gist FAMILY pg_catalog.tsquery_ops AS STORAGE int8;
COMMENT ON OPERATOR CLASS pg_catalog.tsquery_ops USING gist IS 'OID = 10075';
ALTER OPERATOR FAMILY pg_catalog.tsquery_ops USING gist ADD OPERATOR 7 @> (tsquery, tsquery), OPERATOR 8 <@ (tsquery, tsquery), FUNCTION 1 (tsquery, tsquery) pg_catalog.gtsquery_consistent(internal, tsquery, int2, oid, internal), FUNCTION 2 (tsquery, tsquery) pg_catalog.gtsquery_union(internal, internal), FUNCTION 3 (tsquery, tsquery) pg_catalog.gtsquery_compress(internal), FUNCTION 5 (tsquery, tsquery) pg_catalog.gtsquery_penalty(internal, internal, internal), FUNCTION 6 (tsquery, tsquery) pg_catalog.gtsquery_picksplit(internal, internal), FUNCTION 7 (tsquery, tsquery) pg_catalog.gtsquery_same(int8, int8, internal);

-- gist: tsvector_ops

CREATE OPERATOR FAMILY pg_catalog.tsvector_ops USING gist;
COMMENT ON OPERATOR FAMILY pg_catalog.tsvector_ops USING gist IS 'OID = 3655';
CREATE OPERATOR CLASS pg_catalog.tsvector_ops DEFAULT FOR TYPE tsvector USING gist FAMILY pg_catalog.tsvector_ops AS STORAGE gtsvector;
COMMENT ON OPERATOR CLASS pg_catalog.tsvector_ops USING gist IS 'OID = 10072';
ALTER OPERATOR FAMILY pg_catalog.tsvector_ops USING gist ADD OPERATOR 1 @@ (tsvector, tsquery), FUNCTION 1 (tsvector, tsvector) pg_catalog.gtsvector_consistent(internal, tsvector, int2, oid, internal), FUNCTION 2 (tsvector, tsvector) pg_catalog.gtsvector_union(internal, internal), FUNCTION 3 (tsvector, tsvector) pg_catalog.gtsvector_compress(internal), FUNCTION 4 (tsvector, tsvector) pg_catalog.gtsvector_decompress(internal), FUNCTION 5 (tsvector, tsvector) pg_catalog.gtsvector_penalty(internal, internal, internal), FUNCTION 6 (tsvector, tsvector) pg_catalog.gtsvector_picksplit(internal, internal), FUNCTION 7 (tsvector, tsvector) pg_catalog.gtsvector_same(gtsvector, gtsvector, internal), FUNCTION 10 (tsvector, tsvector) pg_catalog.gtsvector_options(internal);

-- hash: aclitem_ops

CREATE OPERATOR FAMILY pg_catalog.aclitem_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.aclitem_ops USING hash IS 'OID = 2235';
CREATE OPERATOR CLASS pg_catalog.aclitem_ops DEFAULT FOR TYPE aclitem USING hash FAMILY pg_catalog.aclitem_ops AS STORAGE aclitem;
COMMENT ON OPERATOR CLASS pg_catalog.aclitem_ops USING hash IS 'OID = 10059, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.aclitem_ops USING hash ADD OPERATOR 1 = (aclitem, aclitem), FUNCTION 1 (aclitem, aclitem) pg_catalog.hash_aclitem(aclitem), FUNCTION 2 (aclitem, aclitem) pg_catalog.hash_aclitem_extended(aclitem, int8);

-- hash: array_ops

CREATE OPERATOR FAMILY pg_catalog.array_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.array_ops USING hash IS 'OID = 627';
CREATE OPERATOR CLASS pg_catalog.array_ops DEFAULT FOR TYPE anyarray USING hash FAMILY pg_catalog.array_ops AS STORAGE anyarray;
COMMENT ON OPERATOR CLASS pg_catalog.array_ops USING hash IS 'OID = 10001, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.array_ops USING hash ADD OPERATOR 1 = (anyarray, anyarray), FUNCTION 1 (anyarray, anyarray) pg_catalog.hash_array(anyarray), FUNCTION 2 (anyarray, anyarray) pg_catalog.hash_array_extended(anyarray, int8);

-- hash: bool_ops

CREATE OPERATOR FAMILY pg_catalog.bool_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.bool_ops USING hash IS 'OID = 2222';
CREATE OPERATOR CLASS pg_catalog.bool_ops DEFAULT FOR TYPE bool USING hash FAMILY pg_catalog.bool_ops AS STORAGE bool;
COMMENT ON OPERATOR CLASS pg_catalog.bool_ops USING hash IS 'OID = 10048, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.bool_ops USING hash ADD OPERATOR 1 = (bool, bool), FUNCTION 1 (bool, bool) pg_catalog.hashchar("char"), FUNCTION 2 (bool, bool) pg_catalog.hashcharextended("char", int8);

-- hash: bpchar_ops

CREATE OPERATOR FAMILY pg_catalog.bpchar_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.bpchar_ops USING hash IS 'OID = 427';
CREATE OPERATOR CLASS pg_catalog.bpchar_ops DEFAULT FOR TYPE bpchar USING hash FAMILY pg_catalog.bpchar_ops AS STORAGE bpchar;
COMMENT ON OPERATOR CLASS pg_catalog.bpchar_ops USING hash IS 'OID = 10005, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.bpchar_ops USING hash ADD OPERATOR 1 = (bpchar, bpchar), FUNCTION 1 (bpchar, bpchar) pg_catalog.hashbpchar(bpchar), FUNCTION 2 (bpchar, bpchar) pg_catalog.hashbpcharextended(bpchar, int8);

-- hash: bpchar_pattern_ops

CREATE OPERATOR FAMILY pg_catalog.bpchar_pattern_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.bpchar_pattern_ops USING hash IS 'OID = 2231';
CREATE OPERATOR CLASS pg_catalog.bpchar_pattern_ops FOR TYPE bpchar USING hash FAMILY pg_catalog.bpchar_pattern_ops AS STORAGE bpchar;
COMMENT ON OPERATOR CLASS pg_catalog.bpchar_pattern_ops USING hash IS 'OID = 10058, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.bpchar_pattern_ops USING hash ADD OPERATOR 1 = (bpchar, bpchar), FUNCTION 1 (bpchar, bpchar) pg_catalog.hashbpchar(bpchar), FUNCTION 2 (bpchar, bpchar) pg_catalog.hashbpcharextended(bpchar, int8);

-- hash: bytea_ops

CREATE OPERATOR FAMILY pg_catalog.bytea_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.bytea_ops USING hash IS 'OID = 2223';
CREATE OPERATOR CLASS pg_catalog.bytea_ops DEFAULT FOR TYPE bytea USING hash FAMILY pg_catalog.bytea_ops AS STORAGE bytea;
COMMENT ON OPERATOR CLASS pg_catalog.bytea_ops USING hash IS 'OID = 10049, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.bytea_ops USING hash ADD OPERATOR 1 = (bytea, bytea), FUNCTION 1 (bytea, bytea) pg_catalog.hashvarlena(internal), FUNCTION 2 (bytea, bytea) pg_catalog.hashvarlenaextended(internal, int8);

-- hash: char_ops

CREATE OPERATOR FAMILY pg_catalog.char_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.char_ops USING hash IS 'OID = 431';
CREATE OPERATOR CLASS pg_catalog.char_ops DEFAULT FOR TYPE "char" USING hash FAMILY pg_catalog.char_ops AS STORAGE "char";
COMMENT ON OPERATOR CLASS pg_catalog.char_ops USING hash IS 'OID = 10008, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.char_ops USING hash ADD OPERATOR 1 = ("char", "char"), FUNCTION 1 ("char", "char") pg_catalog.hashchar("char"), FUNCTION 2 ("char", "char") pg_catalog.hashcharextended("char", int8);

-- hash: cid_ops

CREATE OPERATOR FAMILY pg_catalog.cid_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.cid_ops USING hash IS 'OID = 2226';
CREATE OPERATOR CLASS pg_catalog.cid_ops DEFAULT FOR TYPE cid USING hash FAMILY pg_catalog.cid_ops AS STORAGE cid;
COMMENT ON OPERATOR CLASS pg_catalog.cid_ops USING hash IS 'OID = 10054, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.cid_ops USING hash ADD OPERATOR 1 = (cid, cid), FUNCTION 1 (cid, cid) pg_catalog.hashint4(int4), FUNCTION 2 (cid, cid) pg_catalog.hashint4extended(int4, int8);

-- hash: date_ops

CREATE OPERATOR FAMILY pg_catalog.date_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.date_ops USING hash IS 'OID = 435';
CREATE OPERATOR CLASS pg_catalog.date_ops DEFAULT FOR TYPE date USING hash FAMILY pg_catalog.date_ops AS STORAGE date;
COMMENT ON OPERATOR CLASS pg_catalog.date_ops USING hash IS 'OID = 10011, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.date_ops USING hash ADD OPERATOR 1 = (date, date), FUNCTION 1 (date, date) pg_catalog.hashint4(int4), FUNCTION 2 (date, date) pg_catalog.hashint4extended(int4, int8);

-- hash: enum_ops

CREATE OPERATOR FAMILY pg_catalog.enum_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.enum_ops USING hash IS 'OID = 3523';
CREATE OPERATOR CLASS pg_catalog.enum_ops DEFAULT FOR TYPE anyenum USING hash FAMILY pg_catalog.enum_ops AS STORAGE anyenum;
COMMENT ON OPERATOR CLASS pg_catalog.enum_ops USING hash IS 'OID = 10070, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.enum_ops USING hash ADD OPERATOR 1 = (anyenum, anyenum), FUNCTION 1 (anyenum, anyenum) pg_catalog.hashenum(anyenum), FUNCTION 2 (anyenum, anyenum) pg_catalog.hashenumextended(anyenum, int8);

-- hash: float_ops

CREATE OPERATOR FAMILY pg_catalog.float_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.float_ops USING hash IS 'OID = 1971';
CREATE OPERATOR CLASS pg_catalog.float4_ops DEFAULT FOR TYPE float4 USING hash FAMILY pg_catalog.float_ops AS STORAGE float4;
COMMENT ON OPERATOR CLASS pg_catalog.float4_ops USING hash IS 'OID = 10013, AS_ITS_TYPE = 1';
CREATE OPERATOR CLASS pg_catalog.float8_ops DEFAULT FOR TYPE float8 USING hash FAMILY pg_catalog.float_ops AS STORAGE float8;
COMMENT ON OPERATOR CLASS pg_catalog.float8_ops USING hash IS 'OID = 10014, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.float_ops USING hash ADD OPERATOR 1 = (float4, float4), OPERATOR 1 = (float4, float8), OPERATOR 1 = (float8, float4), OPERATOR 1 = (float8, float8), FUNCTION 1 (float4, float4) pg_catalog.hashfloat4(float4), FUNCTION 2 (float4, float4) pg_catalog.hashfloat4extended(float4, int8), FUNCTION 1 (float8, float8) pg_catalog.hashfloat8(float8), FUNCTION 2 (float8, float8) pg_catalog.hashfloat8extended(float8, int8);

-- hash: integer_ops

CREATE OPERATOR FAMILY pg_catalog.integer_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.integer_ops USING hash IS 'OID = 1977';
CREATE OPERATOR CLASS pg_catalog.int8_ops DEFAULT FOR TYPE int8 USING hash FAMILY pg_catalog.integer_ops AS STORAGE int8;
COMMENT ON OPERATOR CLASS pg_catalog.int8_ops USING hash IS 'OID = 10021, AS_ITS_TYPE = 1';
CREATE OPERATOR CLASS pg_catalog.int2_ops DEFAULT FOR TYPE int2 USING hash FAMILY pg_catalog.integer_ops AS STORAGE int2;
COMMENT ON OPERATOR CLASS pg_catalog.int2_ops USING hash IS 'OID = 10019, AS_ITS_TYPE = 1';
CREATE OPERATOR CLASS pg_catalog.int4_ops DEFAULT FOR TYPE int4 USING hash FAMILY pg_catalog.integer_ops AS STORAGE int4;
COMMENT ON OPERATOR CLASS pg_catalog.int4_ops USING hash IS 'OID = 10020, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.integer_ops USING hash ADD OPERATOR 1 = (int8, int8), OPERATOR 1 = (int8, int2), OPERATOR 1 = (int8, int4), OPERATOR 1 = (int2, int8), OPERATOR 1 = (int2, int2), OPERATOR 1 = (int2, int4), OPERATOR 1 = (int4, int8), OPERATOR 1 = (int4, int2), OPERATOR 1 = (int4, int4), FUNCTION 1 (int8, int8) pg_catalog.hashint8(int8), FUNCTION 2 (int8, int8) pg_catalog.hashint8extended(int8, int8), FUNCTION 1 (int2, int2) pg_catalog.hashint2(int2), FUNCTION 2 (int2, int2) pg_catalog.hashint2extended(int2, int8), FUNCTION 1 (int4, int4) pg_catalog.hashint4(int4), FUNCTION 2 (int4, int4) pg_catalog.hashint4extended(int4, int8);

-- hash: interval_ops

CREATE OPERATOR FAMILY pg_catalog.interval_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.interval_ops USING hash IS 'OID = 1983';
CREATE OPERATOR CLASS pg_catalog.interval_ops DEFAULT FOR TYPE interval USING hash FAMILY pg_catalog.interval_ops AS STORAGE interval;
COMMENT ON OPERATOR CLASS pg_catalog.interval_ops USING hash IS 'OID = 10023, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.interval_ops USING hash ADD OPERATOR 1 = (interval, interval), FUNCTION 1 (interval, interval) pg_catalog.interval_hash(interval), FUNCTION 2 (interval, interval) pg_catalog.interval_hash_extended(interval, int8);

-- hash: jsonb_ops

CREATE OPERATOR FAMILY pg_catalog.jsonb_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.jsonb_ops USING hash IS 'OID = 4034';
CREATE OPERATOR CLASS pg_catalog.jsonb_ops DEFAULT FOR TYPE jsonb USING hash FAMILY pg_catalog.jsonb_ops AS STORAGE jsonb;
COMMENT ON OPERATOR CLASS pg_catalog.jsonb_ops USING hash IS 'OID = 10089, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.jsonb_ops USING hash ADD OPERATOR 1 = (jsonb, jsonb), FUNCTION 1 (jsonb, jsonb) pg_catalog.jsonb_hash(jsonb), FUNCTION 2 (jsonb, jsonb) pg_catalog.jsonb_hash_extended(jsonb, int8);

-- hash: macaddr8_ops

CREATE OPERATOR FAMILY pg_catalog.macaddr8_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.macaddr8_ops USING hash IS 'OID = 3372';
CREATE OPERATOR CLASS pg_catalog.macaddr8_ops DEFAULT FOR TYPE macaddr8 USING hash FAMILY pg_catalog.macaddr8_ops AS STORAGE macaddr8;
COMMENT ON OPERATOR CLASS pg_catalog.macaddr8_ops USING hash IS 'OID = 10027, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.macaddr8_ops USING hash ADD OPERATOR 1 = (macaddr8, macaddr8), FUNCTION 1 (macaddr8, macaddr8) pg_catalog.hashmacaddr8(macaddr8), FUNCTION 2 (macaddr8, macaddr8) pg_catalog.hashmacaddr8extended(macaddr8, int8);

-- hash: macaddr_ops

CREATE OPERATOR FAMILY pg_catalog.macaddr_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.macaddr_ops USING hash IS 'OID = 1985';
CREATE OPERATOR CLASS pg_catalog.macaddr_ops DEFAULT FOR TYPE macaddr USING hash FAMILY pg_catalog.macaddr_ops AS STORAGE macaddr;
COMMENT ON OPERATOR CLASS pg_catalog.macaddr_ops USING hash IS 'OID = 10025, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.macaddr_ops USING hash ADD OPERATOR 1 = (macaddr, macaddr), FUNCTION 1 (macaddr, macaddr) pg_catalog.hashmacaddr(macaddr), FUNCTION 2 (macaddr, macaddr) pg_catalog.hashmacaddrextended(macaddr, int8);

-- hash: multirange_ops

CREATE OPERATOR FAMILY pg_catalog.multirange_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.multirange_ops USING hash IS 'OID = 4225';
CREATE OPERATOR CLASS pg_catalog.multirange_ops DEFAULT FOR TYPE anymultirange USING hash FAMILY pg_catalog.multirange_ops AS STORAGE anymultirange;
COMMENT ON OPERATOR CLASS pg_catalog.multirange_ops USING hash IS 'OID = 10081, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.multirange_ops USING hash ADD OPERATOR 1 = (anymultirange, anymultirange), FUNCTION 1 (anymultirange, anymultirange) pg_catalog.hash_multirange(anymultirange), FUNCTION 2 (anymultirange, anymultirange) pg_catalog.hash_multirange_extended(anymultirange, int8);

-- hash: network_ops

CREATE OPERATOR FAMILY pg_catalog.network_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.network_ops USING hash IS 'OID = 1975';
CREATE OPERATOR CLASS pg_catalog.cidr_ops FOR TYPE inet USING hash FAMILY pg_catalog.network_ops AS STORAGE inet;
COMMENT ON OPERATOR CLASS pg_catalog.cidr_ops USING hash IS 'OID = 10010, AS_ITS_TYPE = 1';
CREATE OPERATOR CLASS pg_catalog.inet_ops DEFAULT FOR TYPE inet USING hash FAMILY pg_catalog.network_ops AS STORAGE inet;
COMMENT ON OPERATOR CLASS pg_catalog.inet_ops USING hash IS 'OID = 10016, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.network_ops USING hash ADD OPERATOR 1 = (inet, inet), FUNCTION 1 (inet, inet) pg_catalog.hashinet(inet), FUNCTION 2 (inet, inet) pg_catalog.hashinetextended(inet, int8);

-- hash: numeric_ops

CREATE OPERATOR FAMILY pg_catalog.numeric_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.numeric_ops USING hash IS 'OID = 1998';
CREATE OPERATOR CLASS pg_catalog.numeric_ops DEFAULT FOR TYPE numeric USING hash FAMILY pg_catalog.numeric_ops AS STORAGE numeric;
COMMENT ON OPERATOR CLASS pg_catalog.numeric_ops USING hash IS 'OID = 10030, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.numeric_ops USING hash ADD OPERATOR 1 = (numeric, numeric), FUNCTION 1 (numeric, numeric) pg_catalog.hash_numeric(numeric), FUNCTION 2 (numeric, numeric) pg_catalog.hash_numeric_extended(numeric, int8);

-- hash: oid_ops

CREATE OPERATOR FAMILY pg_catalog.oid_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.oid_ops USING hash IS 'OID = 1990';
CREATE OPERATOR CLASS pg_catalog.oid_ops DEFAULT FOR TYPE oid USING hash FAMILY pg_catalog.oid_ops AS STORAGE oid;
COMMENT ON OPERATOR CLASS pg_catalog.oid_ops USING hash IS 'OID = 10031, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.oid_ops USING hash ADD OPERATOR 1 = (oid, oid), FUNCTION 1 (oid, oid) pg_catalog.hashoid(oid), FUNCTION 2 (oid, oid) pg_catalog.hashoidextended(oid, int8);

-- hash: oidvector_ops

CREATE OPERATOR FAMILY pg_catalog.oidvector_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.oidvector_ops USING hash IS 'OID = 1992';
CREATE OPERATOR CLASS pg_catalog.oidvector_ops DEFAULT FOR TYPE oidvector USING hash FAMILY pg_catalog.oidvector_ops AS STORAGE oidvector;
COMMENT ON OPERATOR CLASS pg_catalog.oidvector_ops USING hash IS 'OID = 10033, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.oidvector_ops USING hash ADD OPERATOR 1 = (oidvector, oidvector), FUNCTION 1 (oidvector, oidvector) pg_catalog.hashoidvector(oidvector), FUNCTION 2 (oidvector, oidvector) pg_catalog.hashoidvectorextended(oidvector, int8);

-- hash: pg_lsn_ops

CREATE OPERATOR FAMILY pg_catalog.pg_lsn_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.pg_lsn_ops USING hash IS 'OID = 3254';
CREATE OPERATOR CLASS pg_catalog.pg_lsn_ops DEFAULT FOR TYPE pg_lsn USING hash FAMILY pg_catalog.pg_lsn_ops AS STORAGE pg_lsn;
COMMENT ON OPERATOR CLASS pg_catalog.pg_lsn_ops USING hash IS 'OID = 10068, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.pg_lsn_ops USING hash ADD OPERATOR 1 = (pg_lsn, pg_lsn), FUNCTION 1 (pg_lsn, pg_lsn) pg_catalog.pg_lsn_hash(pg_lsn), FUNCTION 2 (pg_lsn, pg_lsn) pg_catalog.pg_lsn_hash_extended(pg_lsn, int8);

-- hash: range_ops

CREATE OPERATOR FAMILY pg_catalog.range_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.range_ops USING hash IS 'OID = 3903';
CREATE OPERATOR CLASS pg_catalog.range_ops DEFAULT FOR TYPE anyrange USING hash FAMILY pg_catalog.range_ops AS STORAGE anyrange;
COMMENT ON OPERATOR CLASS pg_catalog.range_ops USING hash IS 'OID = 10077, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.range_ops USING hash ADD OPERATOR 1 = (anyrange, anyrange), FUNCTION 1 (anyrange, anyrange) pg_catalog.hash_range(anyrange), FUNCTION 2 (anyrange, anyrange) pg_catalog.hash_range_extended(anyrange, int8);

-- hash: record_ops

CREATE OPERATOR FAMILY pg_catalog.record_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.record_ops USING hash IS 'OID = 6194';
CREATE OPERATOR CLASS pg_catalog.record_ops DEFAULT FOR TYPE record USING hash FAMILY pg_catalog.record_ops AS STORAGE record;
COMMENT ON OPERATOR CLASS pg_catalog.record_ops USING hash IS 'OID = 10035, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.record_ops USING hash ADD OPERATOR 1 = (record, record), FUNCTION 1 (record, record) pg_catalog.hash_record(record), FUNCTION 2 (record, record) pg_catalog.hash_record_extended(record, int8);

-- hash: text_ops

CREATE OPERATOR FAMILY pg_catalog.text_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.text_ops USING hash IS 'OID = 1995';
CREATE OPERATOR CLASS pg_catalog.name_ops DEFAULT FOR TYPE name USING hash FAMILY pg_catalog.text_ops AS STORAGE name;
COMMENT ON OPERATOR CLASS pg_catalog.name_ops USING hash IS 'OID = 10029, AS_ITS_TYPE = 1';
CREATE OPERATOR CLASS pg_catalog.text_ops DEFAULT FOR TYPE text USING hash FAMILY pg_catalog.text_ops AS STORAGE text;
COMMENT ON OPERATOR CLASS pg_catalog.text_ops USING hash IS 'OID = 10037, AS_ITS_TYPE = 1';
CREATE OPERATOR CLASS pg_catalog.varchar_ops FOR TYPE text USING hash FAMILY pg_catalog.text_ops AS STORAGE text;
COMMENT ON OPERATOR CLASS pg_catalog.varchar_ops USING hash IS 'OID = 10045, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.text_ops USING hash ADD OPERATOR 1 = (name, name), OPERATOR 1 = (name, text), OPERATOR 1 = (text, name), OPERATOR 1 = (text, text), FUNCTION 1 (name, name) pg_catalog.hashname(name), FUNCTION 2 (name, name) pg_catalog.hashnameextended(name, int8), FUNCTION 1 (text, text) pg_catalog.hashtext(text), FUNCTION 2 (text, text) pg_catalog.hashtextextended(text, int8);

-- hash: text_pattern_ops

CREATE OPERATOR FAMILY pg_catalog.text_pattern_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.text_pattern_ops USING hash IS 'OID = 2229';
CREATE OPERATOR CLASS pg_catalog.text_pattern_ops FOR TYPE text USING hash FAMILY pg_catalog.text_pattern_ops AS STORAGE text;
COMMENT ON OPERATOR CLASS pg_catalog.text_pattern_ops USING hash IS 'OID = 10056, AS_ITS_TYPE = 1';
CREATE OPERATOR CLASS pg_catalog.varchar_pattern_ops FOR TYPE text USING hash FAMILY pg_catalog.text_pattern_ops AS STORAGE text;
COMMENT ON OPERATOR CLASS pg_catalog.varchar_pattern_ops USING hash IS 'OID = 10057, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.text_pattern_ops USING hash ADD OPERATOR 1 = (text, text), FUNCTION 1 (text, text) pg_catalog.hashtext(text), FUNCTION 2 (text, text) pg_catalog.hashtextextended(text, int8);

-- hash: tid_ops

CREATE OPERATOR FAMILY pg_catalog.tid_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.tid_ops USING hash IS 'OID = 2227';
CREATE OPERATOR CLASS pg_catalog.tid_ops DEFAULT FOR TYPE tid USING hash FAMILY pg_catalog.tid_ops AS STORAGE tid;
COMMENT ON OPERATOR CLASS pg_catalog.tid_ops USING hash IS 'OID = 10055, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.tid_ops USING hash ADD OPERATOR 1 = (tid, tid), FUNCTION 1 (tid, tid) pg_catalog.hashtid(tid), FUNCTION 2 (tid, tid) pg_catalog.hashtidextended(tid, int8);

-- hash: time_ops

CREATE OPERATOR FAMILY pg_catalog.time_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.time_ops USING hash IS 'OID = 1997';
CREATE OPERATOR CLASS pg_catalog.time_ops DEFAULT FOR TYPE time USING hash FAMILY pg_catalog.time_ops AS STORAGE time;
COMMENT ON OPERATOR CLASS pg_catalog.time_ops USING hash IS 'OID = 10039, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.time_ops USING hash ADD OPERATOR 1 = (time, time), FUNCTION 1 (time, time) pg_catalog.time_hash(time), FUNCTION 2 (time, time) pg_catalog.time_hash_extended(time, int8);

-- hash: timestamp_ops

CREATE OPERATOR FAMILY pg_catalog.timestamp_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.timestamp_ops USING hash IS 'OID = 2040';
CREATE OPERATOR CLASS pg_catalog.timestamp_ops DEFAULT FOR TYPE timestamp USING hash FAMILY pg_catalog.timestamp_ops AS STORAGE timestamp;
COMMENT ON OPERATOR CLASS pg_catalog.timestamp_ops USING hash IS 'OID = 10046, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.timestamp_ops USING hash ADD OPERATOR 1 = (timestamp, timestamp), FUNCTION 1 (timestamp, timestamp) pg_catalog.timestamp_hash(timestamp), FUNCTION 2 (timestamp, timestamp) pg_catalog.timestamp_hash_extended(timestamp, int8);

-- hash: timestamptz_ops

CREATE OPERATOR FAMILY pg_catalog.timestamptz_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.timestamptz_ops USING hash IS 'OID = 1999';
CREATE OPERATOR CLASS pg_catalog.timestamptz_ops DEFAULT FOR TYPE timestamptz USING hash FAMILY pg_catalog.timestamptz_ops AS STORAGE timestamptz;
COMMENT ON OPERATOR CLASS pg_catalog.timestamptz_ops USING hash IS 'OID = 10040, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.timestamptz_ops USING hash ADD OPERATOR 1 = (timestamptz, timestamptz), FUNCTION 1 (timestamptz, timestamptz) pg_catalog.timestamp_hash(timestamp), FUNCTION 2 (timestamptz, timestamptz) pg_catalog.timestamp_hash_extended(timestamp, int8);

-- hash: timetz_ops

CREATE OPERATOR FAMILY pg_catalog.timetz_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.timetz_ops USING hash IS 'OID = 2001';
CREATE OPERATOR CLASS pg_catalog.timetz_ops DEFAULT FOR TYPE timetz USING hash FAMILY pg_catalog.timetz_ops AS STORAGE timetz;
COMMENT ON OPERATOR CLASS pg_catalog.timetz_ops USING hash IS 'OID = 10042, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.timetz_ops USING hash ADD OPERATOR 1 = (timetz, timetz), FUNCTION 1 (timetz, timetz) pg_catalog.timetz_hash(timetz), FUNCTION 2 (timetz, timetz) pg_catalog.timetz_hash_extended(timetz, int8);

-- hash: uuid_ops

CREATE OPERATOR FAMILY pg_catalog.uuid_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.uuid_ops USING hash IS 'OID = 2969';
CREATE OPERATOR CLASS pg_catalog.uuid_ops DEFAULT FOR TYPE uuid USING hash FAMILY pg_catalog.uuid_ops AS STORAGE uuid;
COMMENT ON OPERATOR CLASS pg_catalog.uuid_ops USING hash IS 'OID = 10066, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.uuid_ops USING hash ADD OPERATOR 1 = (uuid, uuid), FUNCTION 1 (uuid, uuid) pg_catalog.uuid_hash(uuid), FUNCTION 2 (uuid, uuid) pg_catalog.uuid_hash_extended(uuid, int8);

-- hash: xid8_ops

CREATE OPERATOR FAMILY pg_catalog.xid8_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.xid8_ops USING hash IS 'OID = 5032';
CREATE OPERATOR CLASS pg_catalog.xid8_ops DEFAULT FOR TYPE xid8 USING hash FAMILY pg_catalog.xid8_ops AS STORAGE xid8;
COMMENT ON OPERATOR CLASS pg_catalog.xid8_ops USING hash IS 'OID = 10052, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.xid8_ops USING hash ADD OPERATOR 1 = (xid8, xid8), FUNCTION 1 (xid8, xid8) pg_catalog.hashint8(int8), FUNCTION 2 (xid8, xid8) pg_catalog.hashint8extended(int8, int8);

-- hash: xid_ops

CREATE OPERATOR FAMILY pg_catalog.xid_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.xid_ops USING hash IS 'OID = 2225';
CREATE OPERATOR CLASS pg_catalog.xid_ops DEFAULT FOR TYPE xid USING hash FAMILY pg_catalog.xid_ops AS STORAGE xid;
COMMENT ON OPERATOR CLASS pg_catalog.xid_ops USING hash IS 'OID = 10051, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.xid_ops USING hash ADD OPERATOR 1 = (xid, xid), FUNCTION 1 (xid, xid) pg_catalog.hashint4(int4), FUNCTION 2 (xid, xid) pg_catalog.hashint4extended(int4, int8);

-- spgist: box_ops

CREATE OPERATOR FAMILY pg_catalog.box_ops USING spgist;
COMMENT ON OPERATOR FAMILY pg_catalog.box_ops USING spgist IS 'OID = 5000';
CREATE OPERATOR CLASS pg_catalog.box_ops DEFAULT FOR TYPE box USING spgist FAMILY pg_catalog.box_ops AS STORAGE box;
COMMENT ON OPERATOR CLASS pg_catalog.box_ops USING spgist IS 'OID = 10083, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.box_ops USING spgist ADD OPERATOR 15 <-> (box, point) FOR ORDER BY float_ops, OPERATOR 1 << (box, box), OPERATOR 2 &< (box, box), OPERATOR 3 && (box, box), OPERATOR 4 &> (box, box), OPERATOR 5 >> (box, box), OPERATOR 6 ~= (box, box), OPERATOR 7 @> (box, box), OPERATOR 8 <@ (box, box), OPERATOR 9 &<| (box, box), OPERATOR 10 <<| (box, box), OPERATOR 11 |>> (box, box), OPERATOR 12 |&> (box, box), FUNCTION 1 (box, box) pg_catalog.spg_box_quad_config(internal, internal), FUNCTION 2 (box, box) pg_catalog.spg_box_quad_choose(internal, internal), FUNCTION 3 (box, box) pg_catalog.spg_box_quad_picksplit(internal, internal), FUNCTION 4 (box, box) pg_catalog.spg_box_quad_inner_consistent(internal, internal), FUNCTION 5 (box, box) pg_catalog.spg_box_quad_leaf_consistent(internal, internal);

-- spgist: kd_point_ops

CREATE OPERATOR FAMILY pg_catalog.kd_point_ops USING spgist;
COMMENT ON OPERATOR FAMILY pg_catalog.kd_point_ops USING spgist IS 'OID = 4016';
CREATE OPERATOR CLASS pg_catalog.kd_point_ops FOR TYPE point USING spgist FAMILY pg_catalog.kd_point_ops AS STORAGE point;
COMMENT ON OPERATOR CLASS pg_catalog.kd_point_ops USING spgist IS 'OID = 10085, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.kd_point_ops USING spgist ADD OPERATOR 1 << (point, point), OPERATOR 5 >> (point, point), OPERATOR 6 ~= (point, point), OPERATOR 10 <<| (point, point), OPERATOR 11 |>> (point, point), OPERATOR 15 <-> (point, point) FOR ORDER BY float_ops, OPERATOR 29 <^ (point, point), OPERATOR 30 >^ (point, point), OPERATOR 8 <@ (point, box), FUNCTION 1 (point, point) pg_catalog.spg_kd_config(internal, internal), FUNCTION 2 (point, point) pg_catalog.spg_kd_choose(internal, internal), FUNCTION 3 (point, point) pg_catalog.spg_kd_picksplit(internal, internal), FUNCTION 4 (point, point) pg_catalog.spg_kd_inner_consistent(internal, internal), FUNCTION 5 (point, point) pg_catalog.spg_quad_leaf_consistent(internal, internal);

-- spgist: network_ops

CREATE OPERATOR FAMILY pg_catalog.network_ops USING spgist;
COMMENT ON OPERATOR FAMILY pg_catalog.network_ops USING spgist IS 'OID = 3794';
CREATE OPERATOR CLASS pg_catalog.inet_ops DEFAULT FOR TYPE inet USING spgist FAMILY pg_catalog.network_ops AS STORAGE inet;
COMMENT ON OPERATOR CLASS pg_catalog.inet_ops USING spgist IS 'OID = 10018, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.network_ops USING spgist ADD OPERATOR 3 && (inet, inet), OPERATOR 18 = (inet, inet), OPERATOR 19 <> (inet, inet), OPERATOR 20 < (inet, inet), OPERATOR 21 <= (inet, inet), OPERATOR 22 > (inet, inet), OPERATOR 23 >= (inet, inet), OPERATOR 24 << (inet, inet), OPERATOR 25 <<= (inet, inet), OPERATOR 26 >> (inet, inet), OPERATOR 27 >>= (inet, inet), FUNCTION 1 (inet, inet) pg_catalog.inet_spg_config(internal, internal), FUNCTION 2 (inet, inet) pg_catalog.inet_spg_choose(internal, internal), FUNCTION 3 (inet, inet) pg_catalog.inet_spg_picksplit(internal, internal), FUNCTION 4 (inet, inet) pg_catalog.inet_spg_inner_consistent(internal, internal), FUNCTION 5 (inet, inet) pg_catalog.inet_spg_leaf_consistent(internal, internal);

-- spgist: poly_ops

CREATE OPERATOR FAMILY pg_catalog.poly_ops USING spgist;
COMMENT ON OPERATOR FAMILY pg_catalog.poly_ops USING spgist IS 'OID = 5008';
CREATE OPERATOR CLASS pg_catalog.poly_ops DEFAULT FOR TYPE polygon USING spgist FAMILY pg_catalog.poly_ops AS STORAGE box;
COMMENT ON OPERATOR CLASS pg_catalog.poly_ops USING spgist IS 'OID = 10087';
ALTER OPERATOR FAMILY pg_catalog.poly_ops USING spgist ADD OPERATOR 15 <-> (polygon, point) FOR ORDER BY float_ops, OPERATOR 1 << (polygon, polygon), OPERATOR 2 &< (polygon, polygon), OPERATOR 3 && (polygon, polygon), OPERATOR 4 &> (polygon, polygon), OPERATOR 5 >> (polygon, polygon), OPERATOR 6 ~= (polygon, polygon), OPERATOR 7 @> (polygon, polygon), OPERATOR 8 <@ (polygon, polygon), OPERATOR 9 &<| (polygon, polygon), OPERATOR 10 <<| (polygon, polygon), OPERATOR 11 |>> (polygon, polygon), OPERATOR 12 |&> (polygon, polygon), FUNCTION 1 (polygon, polygon) pg_catalog.spg_bbox_quad_config(internal, internal), FUNCTION 2 (polygon, polygon) pg_catalog.spg_box_quad_choose(internal, internal), FUNCTION 3 (polygon, polygon) pg_catalog.spg_box_quad_picksplit(internal, internal), FUNCTION 4 (polygon, polygon) pg_catalog.spg_box_quad_inner_consistent(internal, internal), FUNCTION 5 (polygon, polygon) pg_catalog.spg_box_quad_leaf_consistent(internal, internal), FUNCTION 6 (polygon, polygon) pg_catalog.spg_poly_quad_compress(polygon);

-- spgist: quad_point_ops

CREATE OPERATOR FAMILY pg_catalog.quad_point_ops USING spgist;
COMMENT ON OPERATOR FAMILY pg_catalog.quad_point_ops USING spgist IS 'OID = 4015';
CREATE OPERATOR CLASS pg_catalog.quad_point_ops DEFAULT FOR TYPE point USING spgist FAMILY pg_catalog.quad_point_ops AS STORAGE point;
COMMENT ON OPERATOR CLASS pg_catalog.quad_point_ops USING spgist IS 'OID = 10084, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.quad_point_ops USING spgist ADD OPERATOR 1 << (point, point), OPERATOR 5 >> (point, point), OPERATOR 6 ~= (point, point), OPERATOR 10 <<| (point, point), OPERATOR 11 |>> (point, point), OPERATOR 15 <-> (point, point) FOR ORDER BY float_ops, OPERATOR 29 <^ (point, point), OPERATOR 30 >^ (point, point), OPERATOR 8 <@ (point, box), FUNCTION 1 (point, point) pg_catalog.spg_quad_config(internal, internal), FUNCTION 2 (point, point) pg_catalog.spg_quad_choose(internal, internal), FUNCTION 3 (point, point) pg_catalog.spg_quad_picksplit(internal, internal), FUNCTION 4 (point, point) pg_catalog.spg_quad_inner_consistent(internal, internal), FUNCTION 5 (point, point) pg_catalog.spg_quad_leaf_consistent(internal, internal);

-- spgist: range_ops

CREATE OPERATOR FAMILY pg_catalog.range_ops USING spgist;
COMMENT ON OPERATOR FAMILY pg_catalog.range_ops USING spgist IS 'OID = 3474';
CREATE OPERATOR CLASS pg_catalog.range_ops DEFAULT FOR TYPE anyrange USING spgist FAMILY pg_catalog.range_ops AS STORAGE anyrange;
COMMENT ON OPERATOR CLASS pg_catalog.range_ops USING spgist IS 'OID = 10079, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.range_ops USING spgist ADD OPERATOR 16 @> (anyrange, anyelement), OPERATOR 1 << (anyrange, anyrange), OPERATOR 2 &< (anyrange, anyrange), OPERATOR 3 && (anyrange, anyrange), OPERATOR 4 &> (anyrange, anyrange), OPERATOR 5 >> (anyrange, anyrange), OPERATOR 6 -|- (anyrange, anyrange), OPERATOR 7 @> (anyrange, anyrange), OPERATOR 8 <@ (anyrange, anyrange), OPERATOR 18 = (anyrange, anyrange), FUNCTION 1 (anyrange, anyrange) pg_catalog.spg_range_quad_config(internal, internal), FUNCTION 2 (anyrange, anyrange) pg_catalog.spg_range_quad_choose(internal, internal), FUNCTION 3 (anyrange, anyrange) pg_catalog.spg_range_quad_picksplit(internal, internal), FUNCTION 4 (anyrange, anyrange) pg_catalog.spg_range_quad_inner_consistent(internal, internal), FUNCTION 5 (anyrange, anyrange) pg_catalog.spg_range_quad_leaf_consistent(internal, internal);

-- spgist: text_ops

CREATE OPERATOR FAMILY pg_catalog.text_ops USING spgist;
COMMENT ON OPERATOR FAMILY pg_catalog.text_ops USING spgist IS 'OID = 4017';
CREATE OPERATOR CLASS pg_catalog.text_ops DEFAULT FOR TYPE text USING spgist FAMILY pg_catalog.text_ops AS STORAGE text;
COMMENT ON OPERATOR CLASS pg_catalog.text_ops USING spgist IS 'OID = 10086, AS_ITS_TYPE = 1';
ALTER OPERATOR FAMILY pg_catalog.text_ops USING spgist ADD OPERATOR 1 ~<~ (text, text), OPERATOR 2 ~<=~ (text, text), OPERATOR 3 = (text, text), OPERATOR 4 ~>=~ (text, text), OPERATOR 5 ~>~ (text, text), OPERATOR 11 < (text, text), OPERATOR 12 <= (text, text), OPERATOR 14 >= (text, text), OPERATOR 15 > (text, text), OPERATOR 28 ^@ (text, text), FUNCTION 1 (text, text) pg_catalog.spg_text_config(internal, internal), FUNCTION 2 (text, text) pg_catalog.spg_text_choose(internal, internal), FUNCTION 3 (text, text) pg_catalog.spg_text_picksplit(internal, internal), FUNCTION 4 (text, text) pg_catalog.spg_text_inner_consistent(internal, internal), FUNCTION 5 (text, text) pg_catalog.spg_text_leaf_consistent(internal, internal);
