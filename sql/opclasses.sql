-- Operator families and classes of the btree, gin and hash access methods. Each CREATE is followed by a
-- COMMENT that carries its OID (the statements have no place for it).

-- btree: array_ops

CREATE OPERATOR FAMILY pg_catalog.array_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.array_ops USING btree IS 'OID = 397';
CREATE OPERATOR CLASS pg_catalog.array_ops DEFAULT FOR TYPE anyarray USING btree FAMILY pg_catalog.array_ops AS OPERATOR 1 < (anyarray, anyarray), OPERATOR 2 <= (anyarray, anyarray), OPERATOR 3 = (anyarray, anyarray), OPERATOR 4 >= (anyarray, anyarray), OPERATOR 5 > (anyarray, anyarray), FUNCTION 1 pg_catalog.btarraycmp(anyarray, anyarray);
COMMENT ON OPERATOR CLASS pg_catalog.array_ops USING btree IS 'OID = 10000';

-- btree: bit_ops

CREATE OPERATOR FAMILY pg_catalog.bit_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.bit_ops USING btree IS 'OID = 423';
CREATE OPERATOR CLASS pg_catalog.bit_ops DEFAULT FOR TYPE bit USING btree FAMILY pg_catalog.bit_ops AS OPERATOR 1 < (bit, bit), OPERATOR 2 <= (bit, bit), OPERATOR 3 = (bit, bit), OPERATOR 4 >= (bit, bit), OPERATOR 5 > (bit, bit), FUNCTION 1 pg_catalog.bitcmp(bit, bit);
COMMENT ON OPERATOR CLASS pg_catalog.bit_ops USING btree IS 'OID = 10002';

-- btree: bool_ops

CREATE OPERATOR FAMILY pg_catalog.bool_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.bool_ops USING btree IS 'OID = 424';
CREATE OPERATOR CLASS pg_catalog.bool_ops DEFAULT FOR TYPE bool USING btree FAMILY pg_catalog.bool_ops AS OPERATOR 1 < (bool, bool), OPERATOR 2 <= (bool, bool), OPERATOR 3 = (bool, bool), OPERATOR 4 >= (bool, bool), OPERATOR 5 > (bool, bool), FUNCTION 1 pg_catalog.btboolcmp(bool, bool);
COMMENT ON OPERATOR CLASS pg_catalog.bool_ops USING btree IS 'OID = 10003';

-- btree: bpchar_ops

CREATE OPERATOR FAMILY pg_catalog.bpchar_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.bpchar_ops USING btree IS 'OID = 426';
CREATE OPERATOR CLASS pg_catalog.bpchar_ops DEFAULT FOR TYPE bpchar USING btree FAMILY pg_catalog.bpchar_ops AS OPERATOR 1 < (bpchar, bpchar), OPERATOR 2 <= (bpchar, bpchar), OPERATOR 3 = (bpchar, bpchar), OPERATOR 4 >= (bpchar, bpchar), OPERATOR 5 > (bpchar, bpchar), FUNCTION 1 pg_catalog.bpcharcmp(bpchar, bpchar);
COMMENT ON OPERATOR CLASS pg_catalog.bpchar_ops USING btree IS 'OID = 10004';

-- btree: bpchar_pattern_ops

CREATE OPERATOR FAMILY pg_catalog.bpchar_pattern_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.bpchar_pattern_ops USING btree IS 'OID = 2097';
CREATE OPERATOR CLASS pg_catalog.bpchar_pattern_ops FOR TYPE bpchar USING btree FAMILY pg_catalog.bpchar_pattern_ops AS OPERATOR 1 ~<~ (bpchar, bpchar), OPERATOR 2 ~<=~ (bpchar, bpchar), OPERATOR 3 = (bpchar, bpchar), OPERATOR 4 ~>=~ (bpchar, bpchar), OPERATOR 5 ~>~ (bpchar, bpchar), FUNCTION 1 pg_catalog.btbpchar_pattern_cmp(bpchar, bpchar);
COMMENT ON OPERATOR CLASS pg_catalog.bpchar_pattern_ops USING btree IS 'OID = 4219';

-- btree: bytea_ops

CREATE OPERATOR FAMILY pg_catalog.bytea_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.bytea_ops USING btree IS 'OID = 428';
CREATE OPERATOR CLASS pg_catalog.bytea_ops DEFAULT FOR TYPE bytea USING btree FAMILY pg_catalog.bytea_ops AS OPERATOR 1 < (bytea, bytea), OPERATOR 2 <= (bytea, bytea), OPERATOR 3 = (bytea, bytea), OPERATOR 4 >= (bytea, bytea), OPERATOR 5 > (bytea, bytea), FUNCTION 1 pg_catalog.byteacmp(bytea, bytea);
COMMENT ON OPERATOR CLASS pg_catalog.bytea_ops USING btree IS 'OID = 10006';

-- btree: char_ops

CREATE OPERATOR FAMILY pg_catalog.char_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.char_ops USING btree IS 'OID = 429';
CREATE OPERATOR CLASS pg_catalog.char_ops DEFAULT FOR TYPE "char" USING btree FAMILY pg_catalog.char_ops AS OPERATOR 1 < ("char", "char"), OPERATOR 2 <= ("char", "char"), OPERATOR 3 = ("char", "char"), OPERATOR 4 >= ("char", "char"), OPERATOR 5 > ("char", "char"), FUNCTION 1 pg_catalog.btcharcmp("char", "char");
COMMENT ON OPERATOR CLASS pg_catalog.char_ops USING btree IS 'OID = 10007';

-- btree: datetime_ops

CREATE OPERATOR FAMILY pg_catalog.datetime_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.datetime_ops USING btree IS 'OID = 434';
CREATE OPERATOR CLASS pg_catalog.date_ops DEFAULT FOR TYPE date USING btree FAMILY pg_catalog.datetime_ops AS OPERATOR 1 < (date, date), OPERATOR 2 <= (date, date), OPERATOR 3 = (date, date), OPERATOR 4 >= (date, date), OPERATOR 5 > (date, date), FUNCTION 1 pg_catalog.date_cmp(date, date);
COMMENT ON OPERATOR CLASS pg_catalog.date_ops USING btree IS 'OID = 3122';
CREATE OPERATOR CLASS pg_catalog.timestamp_ops DEFAULT FOR TYPE timestamp USING btree FAMILY pg_catalog.datetime_ops AS OPERATOR 1 < (timestamp, timestamp), OPERATOR 2 <= (timestamp, timestamp), OPERATOR 3 = (timestamp, timestamp), OPERATOR 4 >= (timestamp, timestamp), OPERATOR 5 > (timestamp, timestamp), FUNCTION 1 pg_catalog.timestamp_cmp(timestamp, timestamp);
COMMENT ON OPERATOR CLASS pg_catalog.timestamp_ops USING btree IS 'OID = 3128';
CREATE OPERATOR CLASS pg_catalog.timestamptz_ops DEFAULT FOR TYPE timestamptz USING btree FAMILY pg_catalog.datetime_ops AS OPERATOR 1 < (timestamptz, timestamptz), OPERATOR 2 <= (timestamptz, timestamptz), OPERATOR 3 = (timestamptz, timestamptz), OPERATOR 4 >= (timestamptz, timestamptz), OPERATOR 5 > (timestamptz, timestamptz), FUNCTION 1 pg_catalog.timestamptz_cmp(timestamptz, timestamptz);
COMMENT ON OPERATOR CLASS pg_catalog.timestamptz_ops USING btree IS 'OID = 3127';
ALTER OPERATOR FAMILY pg_catalog.datetime_ops USING btree ADD OPERATOR 1 < (date, timestamp), OPERATOR 2 <= (date, timestamp), OPERATOR 3 = (date, timestamp), OPERATOR 4 >= (date, timestamp), OPERATOR 5 > (date, timestamp), FUNCTION 1 (date, timestamp) pg_catalog.date_cmp_timestamp(date, timestamp), OPERATOR 1 < (date, timestamptz), OPERATOR 2 <= (date, timestamptz), OPERATOR 3 = (date, timestamptz), OPERATOR 4 >= (date, timestamptz), OPERATOR 5 > (date, timestamptz), FUNCTION 1 (date, timestamptz) pg_catalog.date_cmp_timestamptz(date, timestamptz), OPERATOR 1 < (timestamp, date), OPERATOR 2 <= (timestamp, date), OPERATOR 3 = (timestamp, date), OPERATOR 4 >= (timestamp, date), OPERATOR 5 > (timestamp, date), FUNCTION 1 (timestamp, date) pg_catalog.timestamp_cmp_date(timestamp, date), OPERATOR 1 < (timestamp, timestamptz), OPERATOR 2 <= (timestamp, timestamptz), OPERATOR 3 = (timestamp, timestamptz), OPERATOR 4 >= (timestamp, timestamptz), OPERATOR 5 > (timestamp, timestamptz), FUNCTION 1 (timestamp, timestamptz) pg_catalog.timestamp_cmp_timestamptz(timestamp, timestamptz), OPERATOR 1 < (timestamptz, date), OPERATOR 2 <= (timestamptz, date), OPERATOR 3 = (timestamptz, date), OPERATOR 4 >= (timestamptz, date), OPERATOR 5 > (timestamptz, date), FUNCTION 1 (timestamptz, date) pg_catalog.timestamptz_cmp_date(timestamptz, date), OPERATOR 1 < (timestamptz, timestamp), OPERATOR 2 <= (timestamptz, timestamp), OPERATOR 3 = (timestamptz, timestamp), OPERATOR 4 >= (timestamptz, timestamp), OPERATOR 5 > (timestamptz, timestamp), FUNCTION 1 (timestamptz, timestamp) pg_catalog.timestamptz_cmp_timestamp(timestamptz, timestamp);

-- btree: enum_ops

CREATE OPERATOR FAMILY pg_catalog.enum_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.enum_ops USING btree IS 'OID = 3522';
CREATE OPERATOR CLASS pg_catalog.enum_ops DEFAULT FOR TYPE anyenum USING btree FAMILY pg_catalog.enum_ops AS OPERATOR 1 < (anyenum, anyenum), OPERATOR 2 <= (anyenum, anyenum), OPERATOR 3 = (anyenum, anyenum), OPERATOR 4 >= (anyenum, anyenum), OPERATOR 5 > (anyenum, anyenum), FUNCTION 1 pg_catalog.enum_cmp(anyenum, anyenum);
COMMENT ON OPERATOR CLASS pg_catalog.enum_ops USING btree IS 'OID = 10069';

-- btree: float_ops

CREATE OPERATOR FAMILY pg_catalog.float_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.float_ops USING btree IS 'OID = 1970';
CREATE OPERATOR CLASS pg_catalog.float4_ops DEFAULT FOR TYPE float4 USING btree FAMILY pg_catalog.float_ops AS OPERATOR 1 < (float4, float4), OPERATOR 2 <= (float4, float4), OPERATOR 3 = (float4, float4), OPERATOR 4 >= (float4, float4), OPERATOR 5 > (float4, float4), FUNCTION 1 pg_catalog.btfloat4cmp(float4, float4);
COMMENT ON OPERATOR CLASS pg_catalog.float4_ops USING btree IS 'OID = 10012';
CREATE OPERATOR CLASS pg_catalog.float8_ops DEFAULT FOR TYPE float8 USING btree FAMILY pg_catalog.float_ops AS OPERATOR 1 < (float8, float8), OPERATOR 2 <= (float8, float8), OPERATOR 3 = (float8, float8), OPERATOR 4 >= (float8, float8), OPERATOR 5 > (float8, float8), FUNCTION 1 pg_catalog.btfloat8cmp(float8, float8), FUNCTION 3 pg_catalog.in_range(float8, float8, float8, bool, bool);
COMMENT ON OPERATOR CLASS pg_catalog.float8_ops USING btree IS 'OID = 3123';
ALTER OPERATOR FAMILY pg_catalog.float_ops USING btree ADD OPERATOR 1 < (float4, float8), OPERATOR 2 <= (float4, float8), OPERATOR 3 = (float4, float8), OPERATOR 4 >= (float4, float8), OPERATOR 5 > (float4, float8), FUNCTION 1 (float4, float8) pg_catalog.btfloat48cmp(float4, float8), FUNCTION 3 (float4, float8) pg_catalog.in_range(float4, float4, float8, bool, bool), OPERATOR 1 < (float8, float4), OPERATOR 2 <= (float8, float4), OPERATOR 3 = (float8, float4), OPERATOR 4 >= (float8, float4), OPERATOR 5 > (float8, float4), FUNCTION 1 (float8, float4) pg_catalog.btfloat84cmp(float8, float4);

-- btree: integer_ops

CREATE OPERATOR FAMILY pg_catalog.integer_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.integer_ops USING btree IS 'OID = 1976';
CREATE OPERATOR CLASS pg_catalog.int8_ops DEFAULT FOR TYPE int8 USING btree FAMILY pg_catalog.integer_ops AS OPERATOR 1 < (int8, int8), OPERATOR 2 <= (int8, int8), OPERATOR 3 = (int8, int8), OPERATOR 4 >= (int8, int8), OPERATOR 5 > (int8, int8), FUNCTION 1 pg_catalog.btint8cmp(int8, int8), FUNCTION 3 pg_catalog.in_range(int8, int8, int8, bool, bool);
COMMENT ON OPERATOR CLASS pg_catalog.int8_ops USING btree IS 'OID = 3124';
CREATE OPERATOR CLASS pg_catalog.int2_ops DEFAULT FOR TYPE int2 USING btree FAMILY pg_catalog.integer_ops AS OPERATOR 1 < (int2, int2), OPERATOR 2 <= (int2, int2), OPERATOR 3 = (int2, int2), OPERATOR 4 >= (int2, int2), OPERATOR 5 > (int2, int2), FUNCTION 1 pg_catalog.btint2cmp(int2, int2), FUNCTION 3 pg_catalog.in_range(int2, int2, int2, bool, bool);
COMMENT ON OPERATOR CLASS pg_catalog.int2_ops USING btree IS 'OID = 1979';
CREATE OPERATOR CLASS pg_catalog.int4_ops DEFAULT FOR TYPE int4 USING btree FAMILY pg_catalog.integer_ops AS OPERATOR 1 < (int4, int4), OPERATOR 2 <= (int4, int4), OPERATOR 3 = (int4, int4), OPERATOR 4 >= (int4, int4), OPERATOR 5 > (int4, int4), FUNCTION 1 pg_catalog.btint4cmp(int4, int4), FUNCTION 3 pg_catalog.in_range(int4, int4, int4, bool, bool);
COMMENT ON OPERATOR CLASS pg_catalog.int4_ops USING btree IS 'OID = 1978';
ALTER OPERATOR FAMILY pg_catalog.integer_ops USING btree ADD OPERATOR 1 < (int8, int2), OPERATOR 2 <= (int8, int2), OPERATOR 3 = (int8, int2), OPERATOR 4 >= (int8, int2), OPERATOR 5 > (int8, int2), FUNCTION 1 (int8, int2) pg_catalog.btint82cmp(int8, int2), OPERATOR 1 < (int8, int4), OPERATOR 2 <= (int8, int4), OPERATOR 3 = (int8, int4), OPERATOR 4 >= (int8, int4), OPERATOR 5 > (int8, int4), FUNCTION 1 (int8, int4) pg_catalog.btint84cmp(int8, int4), OPERATOR 1 < (int2, int8), OPERATOR 2 <= (int2, int8), OPERATOR 3 = (int2, int8), OPERATOR 4 >= (int2, int8), OPERATOR 5 > (int2, int8), FUNCTION 1 (int2, int8) pg_catalog.btint28cmp(int2, int8), FUNCTION 3 (int2, int8) pg_catalog.in_range(int2, int2, int8, bool, bool), OPERATOR 1 < (int2, int4), OPERATOR 2 <= (int2, int4), OPERATOR 3 = (int2, int4), OPERATOR 4 >= (int2, int4), OPERATOR 5 > (int2, int4), FUNCTION 1 (int2, int4) pg_catalog.btint24cmp(int2, int4), FUNCTION 3 (int2, int4) pg_catalog.in_range(int2, int2, int4, bool, bool), OPERATOR 1 < (int4, int8), OPERATOR 2 <= (int4, int8), OPERATOR 3 = (int4, int8), OPERATOR 4 >= (int4, int8), OPERATOR 5 > (int4, int8), FUNCTION 1 (int4, int8) pg_catalog.btint48cmp(int4, int8), FUNCTION 3 (int4, int8) pg_catalog.in_range(int4, int4, int8, bool, bool), OPERATOR 1 < (int4, int2), OPERATOR 2 <= (int4, int2), OPERATOR 3 = (int4, int2), OPERATOR 4 >= (int4, int2), OPERATOR 5 > (int4, int2), FUNCTION 1 (int4, int2) pg_catalog.btint42cmp(int4, int2), FUNCTION 3 (int4, int2) pg_catalog.in_range(int4, int4, int2, bool, bool);

-- btree: interval_ops

CREATE OPERATOR FAMILY pg_catalog.interval_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.interval_ops USING btree IS 'OID = 1982';
CREATE OPERATOR CLASS pg_catalog.interval_ops DEFAULT FOR TYPE interval USING btree FAMILY pg_catalog.interval_ops AS OPERATOR 1 < (interval, interval), OPERATOR 2 <= (interval, interval), OPERATOR 3 = (interval, interval), OPERATOR 4 >= (interval, interval), OPERATOR 5 > (interval, interval), FUNCTION 1 pg_catalog.interval_cmp(interval, interval), FUNCTION 3 pg_catalog.in_range(interval, interval, interval, bool, bool);
COMMENT ON OPERATOR CLASS pg_catalog.interval_ops USING btree IS 'OID = 10022';

-- btree: jsonb_ops

CREATE OPERATOR FAMILY pg_catalog.jsonb_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.jsonb_ops USING btree IS 'OID = 4033';
CREATE OPERATOR CLASS pg_catalog.jsonb_ops DEFAULT FOR TYPE jsonb USING btree FAMILY pg_catalog.jsonb_ops AS OPERATOR 1 < (jsonb, jsonb), OPERATOR 2 <= (jsonb, jsonb), OPERATOR 3 = (jsonb, jsonb), OPERATOR 4 >= (jsonb, jsonb), OPERATOR 5 > (jsonb, jsonb), FUNCTION 1 pg_catalog.jsonb_cmp(jsonb, jsonb);
COMMENT ON OPERATOR CLASS pg_catalog.jsonb_ops USING btree IS 'OID = 10088';

-- btree: macaddr8_ops

CREATE OPERATOR FAMILY pg_catalog.macaddr8_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.macaddr8_ops USING btree IS 'OID = 3371';
CREATE OPERATOR CLASS pg_catalog.macaddr8_ops DEFAULT FOR TYPE macaddr8 USING btree FAMILY pg_catalog.macaddr8_ops AS OPERATOR 1 < (macaddr8, macaddr8), OPERATOR 2 <= (macaddr8, macaddr8), OPERATOR 3 = (macaddr8, macaddr8), OPERATOR 4 >= (macaddr8, macaddr8), OPERATOR 5 > (macaddr8, macaddr8), FUNCTION 1 pg_catalog.macaddr8_cmp(macaddr8, macaddr8);
COMMENT ON OPERATOR CLASS pg_catalog.macaddr8_ops USING btree IS 'OID = 10026';

-- btree: macaddr_ops

CREATE OPERATOR FAMILY pg_catalog.macaddr_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.macaddr_ops USING btree IS 'OID = 1984';
CREATE OPERATOR CLASS pg_catalog.macaddr_ops DEFAULT FOR TYPE macaddr USING btree FAMILY pg_catalog.macaddr_ops AS OPERATOR 1 < (macaddr, macaddr), OPERATOR 2 <= (macaddr, macaddr), OPERATOR 3 = (macaddr, macaddr), OPERATOR 4 >= (macaddr, macaddr), OPERATOR 5 > (macaddr, macaddr), FUNCTION 1 pg_catalog.macaddr_cmp(macaddr, macaddr);
COMMENT ON OPERATOR CLASS pg_catalog.macaddr_ops USING btree IS 'OID = 10024';

-- btree: multirange_ops

CREATE OPERATOR FAMILY pg_catalog.multirange_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.multirange_ops USING btree IS 'OID = 4199';
CREATE OPERATOR CLASS pg_catalog.multirange_ops DEFAULT FOR TYPE anymultirange USING btree FAMILY pg_catalog.multirange_ops AS OPERATOR 1 < (anymultirange, anymultirange), OPERATOR 2 <= (anymultirange, anymultirange), OPERATOR 3 = (anymultirange, anymultirange), OPERATOR 4 >= (anymultirange, anymultirange), OPERATOR 5 > (anymultirange, anymultirange), FUNCTION 1 pg_catalog.multirange_cmp(anymultirange, anymultirange);
COMMENT ON OPERATOR CLASS pg_catalog.multirange_ops USING btree IS 'OID = 10080';

-- btree: network_ops

CREATE OPERATOR FAMILY pg_catalog.network_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.network_ops USING btree IS 'OID = 1974';
CREATE OPERATOR CLASS pg_catalog.cidr_ops FOR TYPE inet USING btree FAMILY pg_catalog.network_ops AS OPERATOR 1 < (inet, inet), OPERATOR 2 <= (inet, inet), OPERATOR 3 = (inet, inet), OPERATOR 4 >= (inet, inet), OPERATOR 5 > (inet, inet), FUNCTION 1 pg_catalog.network_cmp(inet, inet);
COMMENT ON OPERATOR CLASS pg_catalog.cidr_ops USING btree IS 'OID = 10009';
CREATE OPERATOR CLASS pg_catalog.inet_ops DEFAULT FOR TYPE inet USING btree FAMILY pg_catalog.network_ops AS OPERATOR 1 < (inet, inet), OPERATOR 2 <= (inet, inet), OPERATOR 3 = (inet, inet), OPERATOR 4 >= (inet, inet), OPERATOR 5 > (inet, inet), FUNCTION 1 pg_catalog.network_cmp(inet, inet);
COMMENT ON OPERATOR CLASS pg_catalog.inet_ops USING btree IS 'OID = 10015';

-- btree: numeric_ops

CREATE OPERATOR FAMILY pg_catalog.numeric_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.numeric_ops USING btree IS 'OID = 1988';
CREATE OPERATOR CLASS pg_catalog.numeric_ops DEFAULT FOR TYPE numeric USING btree FAMILY pg_catalog.numeric_ops AS OPERATOR 1 < (numeric, numeric), OPERATOR 2 <= (numeric, numeric), OPERATOR 3 = (numeric, numeric), OPERATOR 4 >= (numeric, numeric), OPERATOR 5 > (numeric, numeric), FUNCTION 1 pg_catalog.numeric_cmp(numeric, numeric), FUNCTION 3 pg_catalog.in_range(numeric, numeric, numeric, bool, bool);
COMMENT ON OPERATOR CLASS pg_catalog.numeric_ops USING btree IS 'OID = 3125';

-- btree: oid_ops

CREATE OPERATOR FAMILY pg_catalog.oid_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.oid_ops USING btree IS 'OID = 1989';
CREATE OPERATOR CLASS pg_catalog.oid_ops DEFAULT FOR TYPE oid USING btree FAMILY pg_catalog.oid_ops AS OPERATOR 1 < (oid, oid), OPERATOR 2 <= (oid, oid), OPERATOR 3 = (oid, oid), OPERATOR 4 >= (oid, oid), OPERATOR 5 > (oid, oid), FUNCTION 1 pg_catalog.btoidcmp(oid, oid);
COMMENT ON OPERATOR CLASS pg_catalog.oid_ops USING btree IS 'OID = 1981';

-- btree: oidvector_ops

CREATE OPERATOR FAMILY pg_catalog.oidvector_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.oidvector_ops USING btree IS 'OID = 1991';
CREATE OPERATOR CLASS pg_catalog.oidvector_ops DEFAULT FOR TYPE oidvector USING btree FAMILY pg_catalog.oidvector_ops AS OPERATOR 1 < (oidvector, oidvector), OPERATOR 2 <= (oidvector, oidvector), OPERATOR 3 = (oidvector, oidvector), OPERATOR 4 >= (oidvector, oidvector), OPERATOR 5 > (oidvector, oidvector), FUNCTION 1 pg_catalog.btoidvectorcmp(oidvector, oidvector);
COMMENT ON OPERATOR CLASS pg_catalog.oidvector_ops USING btree IS 'OID = 10032';

-- btree: pg_lsn_ops

CREATE OPERATOR FAMILY pg_catalog.pg_lsn_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.pg_lsn_ops USING btree IS 'OID = 3253';
CREATE OPERATOR CLASS pg_catalog.pg_lsn_ops DEFAULT FOR TYPE pg_lsn USING btree FAMILY pg_catalog.pg_lsn_ops AS OPERATOR 1 < (pg_lsn, pg_lsn), OPERATOR 2 <= (pg_lsn, pg_lsn), OPERATOR 3 = (pg_lsn, pg_lsn), OPERATOR 4 >= (pg_lsn, pg_lsn), OPERATOR 5 > (pg_lsn, pg_lsn), FUNCTION 1 pg_catalog.pg_lsn_cmp(pg_lsn, pg_lsn);
COMMENT ON OPERATOR CLASS pg_catalog.pg_lsn_ops USING btree IS 'OID = 10067';

-- btree: range_ops

CREATE OPERATOR FAMILY pg_catalog.range_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.range_ops USING btree IS 'OID = 3901';
CREATE OPERATOR CLASS pg_catalog.range_ops DEFAULT FOR TYPE anyrange USING btree FAMILY pg_catalog.range_ops AS OPERATOR 1 < (anyrange, anyrange), OPERATOR 2 <= (anyrange, anyrange), OPERATOR 3 = (anyrange, anyrange), OPERATOR 4 >= (anyrange, anyrange), OPERATOR 5 > (anyrange, anyrange), FUNCTION 1 pg_catalog.range_cmp(anyrange, anyrange);
COMMENT ON OPERATOR CLASS pg_catalog.range_ops USING btree IS 'OID = 10076';

-- btree: record_image_ops

CREATE OPERATOR FAMILY pg_catalog.record_image_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.record_image_ops USING btree IS 'OID = 3194';
CREATE OPERATOR CLASS pg_catalog.record_image_ops FOR TYPE record USING btree FAMILY pg_catalog.record_image_ops AS OPERATOR 1 *< (record, record), OPERATOR 2 *<= (record, record), OPERATOR 3 *= (record, record), OPERATOR 4 *>= (record, record), OPERATOR 5 *> (record, record), FUNCTION 1 pg_catalog.btrecordimagecmp(record, record);
COMMENT ON OPERATOR CLASS pg_catalog.record_image_ops USING btree IS 'OID = 10036';

-- btree: record_ops

CREATE OPERATOR FAMILY pg_catalog.record_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.record_ops USING btree IS 'OID = 2994';
CREATE OPERATOR CLASS pg_catalog.record_ops DEFAULT FOR TYPE record USING btree FAMILY pg_catalog.record_ops AS OPERATOR 1 < (record, record), OPERATOR 2 <= (record, record), OPERATOR 3 = (record, record), OPERATOR 4 >= (record, record), OPERATOR 5 > (record, record), FUNCTION 1 pg_catalog.btrecordcmp(record, record);
COMMENT ON OPERATOR CLASS pg_catalog.record_ops USING btree IS 'OID = 10034';

-- btree: text_ops

CREATE OPERATOR FAMILY pg_catalog.text_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.text_ops USING btree IS 'OID = 1994';
CREATE OPERATOR CLASS pg_catalog.name_ops DEFAULT FOR TYPE name USING btree FAMILY pg_catalog.text_ops AS OPERATOR 1 < (name, name), OPERATOR 2 <= (name, name), OPERATOR 3 = (name, name), OPERATOR 4 >= (name, name), OPERATOR 5 > (name, name), FUNCTION 1 pg_catalog.btnamecmp(name, name);
COMMENT ON OPERATOR CLASS pg_catalog.name_ops USING btree IS 'OID = 10028';
CREATE OPERATOR CLASS pg_catalog.text_ops DEFAULT FOR TYPE text USING btree FAMILY pg_catalog.text_ops AS OPERATOR 1 < (text, text), OPERATOR 2 <= (text, text), OPERATOR 3 = (text, text), OPERATOR 4 >= (text, text), OPERATOR 5 > (text, text), FUNCTION 1 pg_catalog.bttextcmp(text, text);
COMMENT ON OPERATOR CLASS pg_catalog.text_ops USING btree IS 'OID = 3126';
CREATE OPERATOR CLASS pg_catalog.varchar_ops FOR TYPE text USING btree FAMILY pg_catalog.text_ops AS OPERATOR 1 < (text, text), OPERATOR 2 <= (text, text), OPERATOR 3 = (text, text), OPERATOR 4 >= (text, text), OPERATOR 5 > (text, text), FUNCTION 1 pg_catalog.bttextcmp(text, text);
COMMENT ON OPERATOR CLASS pg_catalog.varchar_ops USING btree IS 'OID = 10044';
ALTER OPERATOR FAMILY pg_catalog.text_ops USING btree ADD OPERATOR 1 < (name, text), OPERATOR 2 <= (name, text), OPERATOR 3 = (name, text), OPERATOR 4 >= (name, text), OPERATOR 5 > (name, text), FUNCTION 1 (name, text) pg_catalog.btnametextcmp(name, text), OPERATOR 1 < (text, name), OPERATOR 2 <= (text, name), OPERATOR 3 = (text, name), OPERATOR 4 >= (text, name), OPERATOR 5 > (text, name), FUNCTION 1 (text, name) pg_catalog.bttextnamecmp(text, name);

-- btree: text_pattern_ops

CREATE OPERATOR FAMILY pg_catalog.text_pattern_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.text_pattern_ops USING btree IS 'OID = 2095';
CREATE OPERATOR CLASS pg_catalog.text_pattern_ops FOR TYPE text USING btree FAMILY pg_catalog.text_pattern_ops AS OPERATOR 1 ~<~ (text, text), OPERATOR 2 ~<=~ (text, text), OPERATOR 3 = (text, text), OPERATOR 4 ~>=~ (text, text), OPERATOR 5 ~>~ (text, text), FUNCTION 1 pg_catalog.bttext_pattern_cmp(text, text);
COMMENT ON OPERATOR CLASS pg_catalog.text_pattern_ops USING btree IS 'OID = 4217';
CREATE OPERATOR CLASS pg_catalog.varchar_pattern_ops FOR TYPE text USING btree FAMILY pg_catalog.text_pattern_ops AS OPERATOR 1 ~<~ (text, text), OPERATOR 2 ~<=~ (text, text), OPERATOR 3 = (text, text), OPERATOR 4 ~>=~ (text, text), OPERATOR 5 ~>~ (text, text), FUNCTION 1 pg_catalog.bttext_pattern_cmp(text, text);
COMMENT ON OPERATOR CLASS pg_catalog.varchar_pattern_ops USING btree IS 'OID = 4218';

-- btree: tid_ops

CREATE OPERATOR FAMILY pg_catalog.tid_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.tid_ops USING btree IS 'OID = 2789';
CREATE OPERATOR CLASS pg_catalog.tid_ops DEFAULT FOR TYPE tid USING btree FAMILY pg_catalog.tid_ops AS OPERATOR 1 < (tid, tid), OPERATOR 2 <= (tid, tid), OPERATOR 3 = (tid, tid), OPERATOR 4 >= (tid, tid), OPERATOR 5 > (tid, tid);
COMMENT ON OPERATOR CLASS pg_catalog.tid_ops USING btree IS 'OID = 10050';

-- btree: time_ops

CREATE OPERATOR FAMILY pg_catalog.time_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.time_ops USING btree IS 'OID = 1996';
CREATE OPERATOR CLASS pg_catalog.time_ops DEFAULT FOR TYPE time USING btree FAMILY pg_catalog.time_ops AS OPERATOR 1 < (time, time), OPERATOR 2 <= (time, time), OPERATOR 3 = (time, time), OPERATOR 4 >= (time, time), OPERATOR 5 > (time, time), FUNCTION 1 pg_catalog.time_cmp(time, time);
COMMENT ON OPERATOR CLASS pg_catalog.time_ops USING btree IS 'OID = 10038';

-- btree: timetz_ops

CREATE OPERATOR FAMILY pg_catalog.timetz_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.timetz_ops USING btree IS 'OID = 2000';
CREATE OPERATOR CLASS pg_catalog.timetz_ops DEFAULT FOR TYPE timetz USING btree FAMILY pg_catalog.timetz_ops AS OPERATOR 1 < (timetz, timetz), OPERATOR 2 <= (timetz, timetz), OPERATOR 3 = (timetz, timetz), OPERATOR 4 >= (timetz, timetz), OPERATOR 5 > (timetz, timetz), FUNCTION 1 pg_catalog.timetz_cmp(timetz, timetz);
COMMENT ON OPERATOR CLASS pg_catalog.timetz_ops USING btree IS 'OID = 10041';

-- btree: uuid_ops

CREATE OPERATOR FAMILY pg_catalog.uuid_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.uuid_ops USING btree IS 'OID = 2968';
CREATE OPERATOR CLASS pg_catalog.uuid_ops DEFAULT FOR TYPE uuid USING btree FAMILY pg_catalog.uuid_ops AS OPERATOR 1 < (uuid, uuid), OPERATOR 2 <= (uuid, uuid), OPERATOR 3 = (uuid, uuid), OPERATOR 4 >= (uuid, uuid), OPERATOR 5 > (uuid, uuid), FUNCTION 1 pg_catalog.uuid_cmp(uuid, uuid);
COMMENT ON OPERATOR CLASS pg_catalog.uuid_ops USING btree IS 'OID = 10065';

-- btree: varbit_ops

CREATE OPERATOR FAMILY pg_catalog.varbit_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.varbit_ops USING btree IS 'OID = 2002';
CREATE OPERATOR CLASS pg_catalog.varbit_ops DEFAULT FOR TYPE varbit USING btree FAMILY pg_catalog.varbit_ops AS OPERATOR 1 < (varbit, varbit), OPERATOR 2 <= (varbit, varbit), OPERATOR 3 = (varbit, varbit), OPERATOR 4 >= (varbit, varbit), OPERATOR 5 > (varbit, varbit), FUNCTION 1 pg_catalog.varbitcmp(varbit, varbit);
COMMENT ON OPERATOR CLASS pg_catalog.varbit_ops USING btree IS 'OID = 10043';

-- btree: xid8_ops

CREATE OPERATOR FAMILY pg_catalog.xid8_ops USING btree;
COMMENT ON OPERATOR FAMILY pg_catalog.xid8_ops USING btree IS 'OID = 5067';
CREATE OPERATOR CLASS pg_catalog.xid8_ops DEFAULT FOR TYPE xid8 USING btree FAMILY pg_catalog.xid8_ops AS OPERATOR 1 < (xid8, xid8), OPERATOR 2 <= (xid8, xid8), OPERATOR 3 = (xid8, xid8), OPERATOR 4 >= (xid8, xid8), OPERATOR 5 > (xid8, xid8), FUNCTION 1 pg_catalog.xid8cmp(xid8, xid8);
COMMENT ON OPERATOR CLASS pg_catalog.xid8_ops USING btree IS 'OID = 10053';

-- gin: array_ops

CREATE OPERATOR FAMILY pg_catalog.array_ops USING gin;
COMMENT ON OPERATOR FAMILY pg_catalog.array_ops USING gin IS 'OID = 2745';
CREATE OPERATOR CLASS pg_catalog.array_ops DEFAULT FOR TYPE anyarray USING gin FAMILY pg_catalog.array_ops AS OPERATOR 1 && (anyarray, anyarray), OPERATOR 2 @> (anyarray, anyarray), OPERATOR 3 <@ (anyarray, anyarray), OPERATOR 4 = (anyarray, anyarray), STORAGE anyelement;
COMMENT ON OPERATOR CLASS pg_catalog.array_ops USING gin IS 'OID = 10064';

-- gin: jsonb_ops

CREATE OPERATOR FAMILY pg_catalog.jsonb_ops USING gin;
COMMENT ON OPERATOR FAMILY pg_catalog.jsonb_ops USING gin IS 'OID = 4036';
CREATE OPERATOR CLASS pg_catalog.jsonb_ops DEFAULT FOR TYPE jsonb USING gin FAMILY pg_catalog.jsonb_ops AS OPERATOR 9 ? (jsonb, text), OPERATOR 10 ?| (jsonb, text[]), OPERATOR 11 ?& (jsonb, text[]), OPERATOR 7 @> (jsonb, jsonb), OPERATOR 15 @? (jsonb, jsonpath), OPERATOR 16 @@ (jsonb, jsonpath), STORAGE text;
COMMENT ON OPERATOR CLASS pg_catalog.jsonb_ops USING gin IS 'OID = 10090';

-- gin: jsonb_path_ops

CREATE OPERATOR FAMILY pg_catalog.jsonb_path_ops USING gin;
COMMENT ON OPERATOR FAMILY pg_catalog.jsonb_path_ops USING gin IS 'OID = 4037';
CREATE OPERATOR CLASS pg_catalog.jsonb_path_ops FOR TYPE jsonb USING gin FAMILY pg_catalog.jsonb_path_ops AS OPERATOR 7 @> (jsonb, jsonb), OPERATOR 15 @? (jsonb, jsonpath), OPERATOR 16 @@ (jsonb, jsonpath), STORAGE int4, FUNCTION 1 pg_catalog.btint4cmp(int4, int4);
COMMENT ON OPERATOR CLASS pg_catalog.jsonb_path_ops USING gin IS 'OID = 10091';

-- hash: aclitem_ops

CREATE OPERATOR FAMILY pg_catalog.aclitem_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.aclitem_ops USING hash IS 'OID = 2235';
CREATE OPERATOR CLASS pg_catalog.aclitem_ops DEFAULT FOR TYPE aclitem USING hash FAMILY pg_catalog.aclitem_ops AS OPERATOR 1 = (aclitem, aclitem);
COMMENT ON OPERATOR CLASS pg_catalog.aclitem_ops USING hash IS 'OID = 10059';

-- hash: array_ops

CREATE OPERATOR FAMILY pg_catalog.array_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.array_ops USING hash IS 'OID = 627';
CREATE OPERATOR CLASS pg_catalog.array_ops DEFAULT FOR TYPE anyarray USING hash FAMILY pg_catalog.array_ops AS OPERATOR 1 = (anyarray, anyarray), FUNCTION 1 pg_catalog.hash_array(anyarray), FUNCTION 2 pg_catalog.hash_array_extended(anyarray, int8);
COMMENT ON OPERATOR CLASS pg_catalog.array_ops USING hash IS 'OID = 10001';

-- hash: bool_ops

CREATE OPERATOR FAMILY pg_catalog.bool_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.bool_ops USING hash IS 'OID = 2222';
CREATE OPERATOR CLASS pg_catalog.bool_ops DEFAULT FOR TYPE bool USING hash FAMILY pg_catalog.bool_ops AS OPERATOR 1 = (bool, bool), FUNCTION 1 pg_catalog.hashchar("char"), FUNCTION 2 pg_catalog.hashcharextended("char", int8);
COMMENT ON OPERATOR CLASS pg_catalog.bool_ops USING hash IS 'OID = 10048';

-- hash: bpchar_ops

CREATE OPERATOR FAMILY pg_catalog.bpchar_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.bpchar_ops USING hash IS 'OID = 427';
CREATE OPERATOR CLASS pg_catalog.bpchar_ops DEFAULT FOR TYPE bpchar USING hash FAMILY pg_catalog.bpchar_ops AS OPERATOR 1 = (bpchar, bpchar), FUNCTION 1 pg_catalog.hashbpchar(bpchar), FUNCTION 2 pg_catalog.hashbpcharextended(bpchar, int8);
COMMENT ON OPERATOR CLASS pg_catalog.bpchar_ops USING hash IS 'OID = 10005';

-- hash: bpchar_pattern_ops

CREATE OPERATOR FAMILY pg_catalog.bpchar_pattern_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.bpchar_pattern_ops USING hash IS 'OID = 2231';
CREATE OPERATOR CLASS pg_catalog.bpchar_pattern_ops FOR TYPE bpchar USING hash FAMILY pg_catalog.bpchar_pattern_ops AS OPERATOR 1 = (bpchar, bpchar), FUNCTION 1 pg_catalog.hashbpchar(bpchar), FUNCTION 2 pg_catalog.hashbpcharextended(bpchar, int8);
COMMENT ON OPERATOR CLASS pg_catalog.bpchar_pattern_ops USING hash IS 'OID = 10058';

-- hash: bytea_ops

CREATE OPERATOR FAMILY pg_catalog.bytea_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.bytea_ops USING hash IS 'OID = 2223';
CREATE OPERATOR CLASS pg_catalog.bytea_ops DEFAULT FOR TYPE bytea USING hash FAMILY pg_catalog.bytea_ops AS OPERATOR 1 = (bytea, bytea);
COMMENT ON OPERATOR CLASS pg_catalog.bytea_ops USING hash IS 'OID = 10049';

-- hash: char_ops

CREATE OPERATOR FAMILY pg_catalog.char_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.char_ops USING hash IS 'OID = 431';
CREATE OPERATOR CLASS pg_catalog.char_ops DEFAULT FOR TYPE "char" USING hash FAMILY pg_catalog.char_ops AS OPERATOR 1 = ("char", "char"), FUNCTION 1 pg_catalog.hashchar("char"), FUNCTION 2 pg_catalog.hashcharextended("char", int8);
COMMENT ON OPERATOR CLASS pg_catalog.char_ops USING hash IS 'OID = 10008';

-- hash: cid_ops

CREATE OPERATOR FAMILY pg_catalog.cid_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.cid_ops USING hash IS 'OID = 2226';
CREATE OPERATOR CLASS pg_catalog.cid_ops DEFAULT FOR TYPE cid USING hash FAMILY pg_catalog.cid_ops AS OPERATOR 1 = (cid, cid), FUNCTION 1 pg_catalog.hashint4(int4), FUNCTION 2 pg_catalog.hashint4extended(int4, int8);
COMMENT ON OPERATOR CLASS pg_catalog.cid_ops USING hash IS 'OID = 10054';

-- hash: date_ops

CREATE OPERATOR FAMILY pg_catalog.date_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.date_ops USING hash IS 'OID = 435';
CREATE OPERATOR CLASS pg_catalog.date_ops DEFAULT FOR TYPE date USING hash FAMILY pg_catalog.date_ops AS OPERATOR 1 = (date, date), FUNCTION 1 pg_catalog.hashint4(int4), FUNCTION 2 pg_catalog.hashint4extended(int4, int8);
COMMENT ON OPERATOR CLASS pg_catalog.date_ops USING hash IS 'OID = 10011';

-- hash: enum_ops

CREATE OPERATOR FAMILY pg_catalog.enum_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.enum_ops USING hash IS 'OID = 3523';
CREATE OPERATOR CLASS pg_catalog.enum_ops DEFAULT FOR TYPE anyenum USING hash FAMILY pg_catalog.enum_ops AS OPERATOR 1 = (anyenum, anyenum), FUNCTION 1 pg_catalog.hashenum(anyenum), FUNCTION 2 pg_catalog.hashenumextended(anyenum, int8);
COMMENT ON OPERATOR CLASS pg_catalog.enum_ops USING hash IS 'OID = 10070';

-- hash: float_ops

CREATE OPERATOR FAMILY pg_catalog.float_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.float_ops USING hash IS 'OID = 1971';
CREATE OPERATOR CLASS pg_catalog.float4_ops DEFAULT FOR TYPE float4 USING hash FAMILY pg_catalog.float_ops AS OPERATOR 1 = (float4, float4), FUNCTION 1 pg_catalog.hashfloat4(float4), FUNCTION 2 pg_catalog.hashfloat4extended(float4, int8);
COMMENT ON OPERATOR CLASS pg_catalog.float4_ops USING hash IS 'OID = 10013';
CREATE OPERATOR CLASS pg_catalog.float8_ops DEFAULT FOR TYPE float8 USING hash FAMILY pg_catalog.float_ops AS OPERATOR 1 = (float8, float8), FUNCTION 1 pg_catalog.hashfloat8(float8), FUNCTION 2 pg_catalog.hashfloat8extended(float8, int8);
COMMENT ON OPERATOR CLASS pg_catalog.float8_ops USING hash IS 'OID = 10014';
ALTER OPERATOR FAMILY pg_catalog.float_ops USING hash ADD OPERATOR 1 = (float4, float8), OPERATOR 1 = (float8, float4);

-- hash: integer_ops

CREATE OPERATOR FAMILY pg_catalog.integer_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.integer_ops USING hash IS 'OID = 1977';
CREATE OPERATOR CLASS pg_catalog.int8_ops DEFAULT FOR TYPE int8 USING hash FAMILY pg_catalog.integer_ops AS OPERATOR 1 = (int8, int8), FUNCTION 1 pg_catalog.hashint8(int8), FUNCTION 2 pg_catalog.hashint8extended(int8, int8);
COMMENT ON OPERATOR CLASS pg_catalog.int8_ops USING hash IS 'OID = 10021';
CREATE OPERATOR CLASS pg_catalog.int2_ops DEFAULT FOR TYPE int2 USING hash FAMILY pg_catalog.integer_ops AS OPERATOR 1 = (int2, int2), FUNCTION 1 pg_catalog.hashint2(int2), FUNCTION 2 pg_catalog.hashint2extended(int2, int8);
COMMENT ON OPERATOR CLASS pg_catalog.int2_ops USING hash IS 'OID = 10019';
CREATE OPERATOR CLASS pg_catalog.int4_ops DEFAULT FOR TYPE int4 USING hash FAMILY pg_catalog.integer_ops AS OPERATOR 1 = (int4, int4), FUNCTION 1 pg_catalog.hashint4(int4), FUNCTION 2 pg_catalog.hashint4extended(int4, int8);
COMMENT ON OPERATOR CLASS pg_catalog.int4_ops USING hash IS 'OID = 10020';
ALTER OPERATOR FAMILY pg_catalog.integer_ops USING hash ADD OPERATOR 1 = (int8, int2), OPERATOR 1 = (int8, int4), OPERATOR 1 = (int2, int8), OPERATOR 1 = (int2, int4), OPERATOR 1 = (int4, int8), OPERATOR 1 = (int4, int2);

-- hash: interval_ops

CREATE OPERATOR FAMILY pg_catalog.interval_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.interval_ops USING hash IS 'OID = 1983';
CREATE OPERATOR CLASS pg_catalog.interval_ops DEFAULT FOR TYPE interval USING hash FAMILY pg_catalog.interval_ops AS OPERATOR 1 = (interval, interval), FUNCTION 1 pg_catalog.interval_hash(interval), FUNCTION 2 pg_catalog.interval_hash_extended(interval, int8);
COMMENT ON OPERATOR CLASS pg_catalog.interval_ops USING hash IS 'OID = 10023';

-- hash: jsonb_ops

CREATE OPERATOR FAMILY pg_catalog.jsonb_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.jsonb_ops USING hash IS 'OID = 4034';
CREATE OPERATOR CLASS pg_catalog.jsonb_ops DEFAULT FOR TYPE jsonb USING hash FAMILY pg_catalog.jsonb_ops AS OPERATOR 1 = (jsonb, jsonb), FUNCTION 1 pg_catalog.jsonb_hash(jsonb), FUNCTION 2 pg_catalog.jsonb_hash_extended(jsonb, int8);
COMMENT ON OPERATOR CLASS pg_catalog.jsonb_ops USING hash IS 'OID = 10089';

-- hash: macaddr8_ops

CREATE OPERATOR FAMILY pg_catalog.macaddr8_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.macaddr8_ops USING hash IS 'OID = 3372';
CREATE OPERATOR CLASS pg_catalog.macaddr8_ops DEFAULT FOR TYPE macaddr8 USING hash FAMILY pg_catalog.macaddr8_ops AS OPERATOR 1 = (macaddr8, macaddr8), FUNCTION 1 pg_catalog.hashmacaddr8(macaddr8), FUNCTION 2 pg_catalog.hashmacaddr8extended(macaddr8, int8);
COMMENT ON OPERATOR CLASS pg_catalog.macaddr8_ops USING hash IS 'OID = 10027';

-- hash: macaddr_ops

CREATE OPERATOR FAMILY pg_catalog.macaddr_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.macaddr_ops USING hash IS 'OID = 1985';
CREATE OPERATOR CLASS pg_catalog.macaddr_ops DEFAULT FOR TYPE macaddr USING hash FAMILY pg_catalog.macaddr_ops AS OPERATOR 1 = (macaddr, macaddr), FUNCTION 1 pg_catalog.hashmacaddr(macaddr), FUNCTION 2 pg_catalog.hashmacaddrextended(macaddr, int8);
COMMENT ON OPERATOR CLASS pg_catalog.macaddr_ops USING hash IS 'OID = 10025';

-- hash: multirange_ops

CREATE OPERATOR FAMILY pg_catalog.multirange_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.multirange_ops USING hash IS 'OID = 4225';
CREATE OPERATOR CLASS pg_catalog.multirange_ops DEFAULT FOR TYPE anymultirange USING hash FAMILY pg_catalog.multirange_ops AS OPERATOR 1 = (anymultirange, anymultirange), FUNCTION 1 pg_catalog.hash_multirange(anymultirange), FUNCTION 2 pg_catalog.hash_multirange_extended(anymultirange, int8);
COMMENT ON OPERATOR CLASS pg_catalog.multirange_ops USING hash IS 'OID = 10081';

-- hash: network_ops

CREATE OPERATOR FAMILY pg_catalog.network_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.network_ops USING hash IS 'OID = 1975';
CREATE OPERATOR CLASS pg_catalog.cidr_ops FOR TYPE inet USING hash FAMILY pg_catalog.network_ops AS OPERATOR 1 = (inet, inet), FUNCTION 1 pg_catalog.hashinet(inet), FUNCTION 2 pg_catalog.hashinetextended(inet, int8);
COMMENT ON OPERATOR CLASS pg_catalog.cidr_ops USING hash IS 'OID = 10010';
CREATE OPERATOR CLASS pg_catalog.inet_ops DEFAULT FOR TYPE inet USING hash FAMILY pg_catalog.network_ops AS OPERATOR 1 = (inet, inet), FUNCTION 1 pg_catalog.hashinet(inet), FUNCTION 2 pg_catalog.hashinetextended(inet, int8);
COMMENT ON OPERATOR CLASS pg_catalog.inet_ops USING hash IS 'OID = 10016';

-- hash: numeric_ops

CREATE OPERATOR FAMILY pg_catalog.numeric_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.numeric_ops USING hash IS 'OID = 1998';
CREATE OPERATOR CLASS pg_catalog.numeric_ops DEFAULT FOR TYPE numeric USING hash FAMILY pg_catalog.numeric_ops AS OPERATOR 1 = (numeric, numeric), FUNCTION 1 pg_catalog.hash_numeric(numeric), FUNCTION 2 pg_catalog.hash_numeric_extended(numeric, int8);
COMMENT ON OPERATOR CLASS pg_catalog.numeric_ops USING hash IS 'OID = 10030';

-- hash: oid_ops

CREATE OPERATOR FAMILY pg_catalog.oid_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.oid_ops USING hash IS 'OID = 1990';
CREATE OPERATOR CLASS pg_catalog.oid_ops DEFAULT FOR TYPE oid USING hash FAMILY pg_catalog.oid_ops AS OPERATOR 1 = (oid, oid), FUNCTION 1 pg_catalog.hashoid(oid), FUNCTION 2 pg_catalog.hashoidextended(oid, int8);
COMMENT ON OPERATOR CLASS pg_catalog.oid_ops USING hash IS 'OID = 10031';

-- hash: oidvector_ops

CREATE OPERATOR FAMILY pg_catalog.oidvector_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.oidvector_ops USING hash IS 'OID = 1992';
CREATE OPERATOR CLASS pg_catalog.oidvector_ops DEFAULT FOR TYPE oidvector USING hash FAMILY pg_catalog.oidvector_ops AS OPERATOR 1 = (oidvector, oidvector), FUNCTION 1 pg_catalog.hashoidvector(oidvector), FUNCTION 2 pg_catalog.hashoidvectorextended(oidvector, int8);
COMMENT ON OPERATOR CLASS pg_catalog.oidvector_ops USING hash IS 'OID = 10033';

-- hash: pg_lsn_ops

CREATE OPERATOR FAMILY pg_catalog.pg_lsn_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.pg_lsn_ops USING hash IS 'OID = 3254';
CREATE OPERATOR CLASS pg_catalog.pg_lsn_ops DEFAULT FOR TYPE pg_lsn USING hash FAMILY pg_catalog.pg_lsn_ops AS OPERATOR 1 = (pg_lsn, pg_lsn), FUNCTION 1 pg_catalog.pg_lsn_hash(pg_lsn), FUNCTION 2 pg_catalog.pg_lsn_hash_extended(pg_lsn, int8);
COMMENT ON OPERATOR CLASS pg_catalog.pg_lsn_ops USING hash IS 'OID = 10068';

-- hash: range_ops

CREATE OPERATOR FAMILY pg_catalog.range_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.range_ops USING hash IS 'OID = 3903';
CREATE OPERATOR CLASS pg_catalog.range_ops DEFAULT FOR TYPE anyrange USING hash FAMILY pg_catalog.range_ops AS OPERATOR 1 = (anyrange, anyrange), FUNCTION 1 pg_catalog.hash_range(anyrange), FUNCTION 2 pg_catalog.hash_range_extended(anyrange, int8);
COMMENT ON OPERATOR CLASS pg_catalog.range_ops USING hash IS 'OID = 10077';

-- hash: record_ops

CREATE OPERATOR FAMILY pg_catalog.record_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.record_ops USING hash IS 'OID = 6194';
CREATE OPERATOR CLASS pg_catalog.record_ops DEFAULT FOR TYPE record USING hash FAMILY pg_catalog.record_ops AS OPERATOR 1 = (record, record), FUNCTION 1 pg_catalog.hash_record(record), FUNCTION 2 pg_catalog.hash_record_extended(record, int8);
COMMENT ON OPERATOR CLASS pg_catalog.record_ops USING hash IS 'OID = 10035';

-- hash: text_ops

CREATE OPERATOR FAMILY pg_catalog.text_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.text_ops USING hash IS 'OID = 1995';
CREATE OPERATOR CLASS pg_catalog.name_ops DEFAULT FOR TYPE name USING hash FAMILY pg_catalog.text_ops AS OPERATOR 1 = (name, name), FUNCTION 1 pg_catalog.hashname(name), FUNCTION 2 pg_catalog.hashnameextended(name, int8);
COMMENT ON OPERATOR CLASS pg_catalog.name_ops USING hash IS 'OID = 10029';
CREATE OPERATOR CLASS pg_catalog.text_ops DEFAULT FOR TYPE text USING hash FAMILY pg_catalog.text_ops AS OPERATOR 1 = (text, text), FUNCTION 1 pg_catalog.hashtext(text), FUNCTION 2 pg_catalog.hashtextextended(text, int8);
COMMENT ON OPERATOR CLASS pg_catalog.text_ops USING hash IS 'OID = 10037';
CREATE OPERATOR CLASS pg_catalog.varchar_ops FOR TYPE text USING hash FAMILY pg_catalog.text_ops AS OPERATOR 1 = (text, text), FUNCTION 1 pg_catalog.hashtext(text), FUNCTION 2 pg_catalog.hashtextextended(text, int8);
COMMENT ON OPERATOR CLASS pg_catalog.varchar_ops USING hash IS 'OID = 10045';
ALTER OPERATOR FAMILY pg_catalog.text_ops USING hash ADD OPERATOR 1 = (name, text), OPERATOR 1 = (text, name);

-- hash: text_pattern_ops

CREATE OPERATOR FAMILY pg_catalog.text_pattern_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.text_pattern_ops USING hash IS 'OID = 2229';
CREATE OPERATOR CLASS pg_catalog.text_pattern_ops FOR TYPE text USING hash FAMILY pg_catalog.text_pattern_ops AS OPERATOR 1 = (text, text), FUNCTION 1 pg_catalog.hashtext(text), FUNCTION 2 pg_catalog.hashtextextended(text, int8);
COMMENT ON OPERATOR CLASS pg_catalog.text_pattern_ops USING hash IS 'OID = 10056';
CREATE OPERATOR CLASS pg_catalog.varchar_pattern_ops FOR TYPE text USING hash FAMILY pg_catalog.text_pattern_ops AS OPERATOR 1 = (text, text), FUNCTION 1 pg_catalog.hashtext(text), FUNCTION 2 pg_catalog.hashtextextended(text, int8);
COMMENT ON OPERATOR CLASS pg_catalog.varchar_pattern_ops USING hash IS 'OID = 10057';

-- hash: tid_ops

CREATE OPERATOR FAMILY pg_catalog.tid_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.tid_ops USING hash IS 'OID = 2227';
CREATE OPERATOR CLASS pg_catalog.tid_ops DEFAULT FOR TYPE tid USING hash FAMILY pg_catalog.tid_ops AS OPERATOR 1 = (tid, tid), FUNCTION 1 pg_catalog.hashtid(tid), FUNCTION 2 pg_catalog.hashtidextended(tid, int8);
COMMENT ON OPERATOR CLASS pg_catalog.tid_ops USING hash IS 'OID = 10055';

-- hash: time_ops

CREATE OPERATOR FAMILY pg_catalog.time_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.time_ops USING hash IS 'OID = 1997';
CREATE OPERATOR CLASS pg_catalog.time_ops DEFAULT FOR TYPE time USING hash FAMILY pg_catalog.time_ops AS OPERATOR 1 = (time, time), FUNCTION 1 pg_catalog.time_hash(time), FUNCTION 2 pg_catalog.time_hash_extended(time, int8);
COMMENT ON OPERATOR CLASS pg_catalog.time_ops USING hash IS 'OID = 10039';

-- hash: timestamp_ops

CREATE OPERATOR FAMILY pg_catalog.timestamp_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.timestamp_ops USING hash IS 'OID = 2040';
CREATE OPERATOR CLASS pg_catalog.timestamp_ops DEFAULT FOR TYPE timestamp USING hash FAMILY pg_catalog.timestamp_ops AS OPERATOR 1 = (timestamp, timestamp), FUNCTION 1 pg_catalog.timestamp_hash(timestamp), FUNCTION 2 pg_catalog.timestamp_hash_extended(timestamp, int8);
COMMENT ON OPERATOR CLASS pg_catalog.timestamp_ops USING hash IS 'OID = 10046';

-- hash: timestamptz_ops

CREATE OPERATOR FAMILY pg_catalog.timestamptz_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.timestamptz_ops USING hash IS 'OID = 1999';
CREATE OPERATOR CLASS pg_catalog.timestamptz_ops DEFAULT FOR TYPE timestamptz USING hash FAMILY pg_catalog.timestamptz_ops AS OPERATOR 1 = (timestamptz, timestamptz), FUNCTION 1 pg_catalog.timestamp_hash(timestamp), FUNCTION 2 pg_catalog.timestamp_hash_extended(timestamp, int8);
COMMENT ON OPERATOR CLASS pg_catalog.timestamptz_ops USING hash IS 'OID = 10040';

-- hash: timetz_ops

CREATE OPERATOR FAMILY pg_catalog.timetz_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.timetz_ops USING hash IS 'OID = 2001';
CREATE OPERATOR CLASS pg_catalog.timetz_ops DEFAULT FOR TYPE timetz USING hash FAMILY pg_catalog.timetz_ops AS OPERATOR 1 = (timetz, timetz), FUNCTION 1 pg_catalog.timetz_hash(timetz), FUNCTION 2 pg_catalog.timetz_hash_extended(timetz, int8);
COMMENT ON OPERATOR CLASS pg_catalog.timetz_ops USING hash IS 'OID = 10042';

-- hash: uuid_ops

CREATE OPERATOR FAMILY pg_catalog.uuid_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.uuid_ops USING hash IS 'OID = 2969';
CREATE OPERATOR CLASS pg_catalog.uuid_ops DEFAULT FOR TYPE uuid USING hash FAMILY pg_catalog.uuid_ops AS OPERATOR 1 = (uuid, uuid), FUNCTION 1 pg_catalog.uuid_hash(uuid), FUNCTION 2 pg_catalog.uuid_hash_extended(uuid, int8);
COMMENT ON OPERATOR CLASS pg_catalog.uuid_ops USING hash IS 'OID = 10066';

-- hash: xid8_ops

CREATE OPERATOR FAMILY pg_catalog.xid8_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.xid8_ops USING hash IS 'OID = 5032';
CREATE OPERATOR CLASS pg_catalog.xid8_ops DEFAULT FOR TYPE xid8 USING hash FAMILY pg_catalog.xid8_ops AS OPERATOR 1 = (xid8, xid8), FUNCTION 1 pg_catalog.hashint8(int8), FUNCTION 2 pg_catalog.hashint8extended(int8, int8);
COMMENT ON OPERATOR CLASS pg_catalog.xid8_ops USING hash IS 'OID = 10052';

-- hash: xid_ops

CREATE OPERATOR FAMILY pg_catalog.xid_ops USING hash;
COMMENT ON OPERATOR FAMILY pg_catalog.xid_ops USING hash IS 'OID = 2225';
CREATE OPERATOR CLASS pg_catalog.xid_ops DEFAULT FOR TYPE xid USING hash FAMILY pg_catalog.xid_ops AS OPERATOR 1 = (xid, xid), FUNCTION 1 pg_catalog.hashint4(int4), FUNCTION 2 pg_catalog.hashint4extended(int4, int8);
COMMENT ON OPERATOR CLASS pg_catalog.xid_ops USING hash IS 'OID = 10051';
