-- Built-in aggregate functions; KERNEL names the aggregate kernel.

CREATE AGGREGATE pg_catalog.array_agg(anynonarray) (OID = 2335, RETURNS = anyarray, KERNEL = 'array_agg_anynonarray', SFUNC = array_agg_transfn, FINALFUNC = array_agg_finalfn, STYPE = internal, FINALFUNC_EXTRA);
CREATE AGGREGATE pg_catalog.array_agg(anyarray) (OID = 4053, RETURNS = anyarray, KERNEL = 'array_agg_anyarray', SFUNC = array_agg_array_transfn, FINALFUNC = array_agg_array_finalfn, STYPE = internal, FINALFUNC_EXTRA);

CREATE AGGREGATE pg_catalog.avg(int8) (OID = 2100, RETURNS = numeric, KERNEL = 'avg_int8', SFUNC = int8_avg_accum, FINALFUNC = numeric_poly_avg, COMBINEFUNC = int8_avg_combine, SERIALFUNC = int8_avg_serialize, DESERIALFUNC = int8_avg_deserialize, MSFUNC = int8_avg_accum, MINVFUNC = int8_avg_accum_inv, MFINALFUNC = numeric_poly_avg, STYPE = internal, MSTYPE = internal, SSPACE = 48, MSSPACE = 48);
CREATE AGGREGATE pg_catalog.avg(int4) (OID = 2101, RETURNS = numeric, KERNEL = 'avg_int4', SFUNC = int4_avg_accum, FINALFUNC = int8_avg, COMBINEFUNC = int4_avg_combine, MSFUNC = int4_avg_accum, MINVFUNC = int4_avg_accum_inv, MFINALFUNC = int8_avg, STYPE = int8[], MSTYPE = int8[], INITCOND = '{0,0}', MINITCOND = '{0,0}');
CREATE AGGREGATE pg_catalog.avg(int2) (OID = 2102, RETURNS = numeric, KERNEL = 'avg_int2', SFUNC = int2_avg_accum, FINALFUNC = int8_avg, COMBINEFUNC = int4_avg_combine, MSFUNC = int2_avg_accum, MINVFUNC = int2_avg_accum_inv, MFINALFUNC = int8_avg, STYPE = int8[], MSTYPE = int8[], INITCOND = '{0,0}', MINITCOND = '{0,0}');
CREATE AGGREGATE pg_catalog.avg(numeric) (OID = 2103, RETURNS = numeric, KERNEL = 'avg_numeric', SFUNC = numeric_avg_accum, FINALFUNC = numeric_avg, COMBINEFUNC = numeric_avg_combine, SERIALFUNC = numeric_avg_serialize, DESERIALFUNC = numeric_avg_deserialize, MSFUNC = numeric_avg_accum, MINVFUNC = numeric_accum_inv, MFINALFUNC = numeric_avg, STYPE = internal, MSTYPE = internal, SSPACE = 128, MSSPACE = 128);
CREATE AGGREGATE pg_catalog.avg(float4) (OID = 2104, RETURNS = float8, KERNEL = 'avg_float4', SFUNC = float4_accum, FINALFUNC = float8_avg, COMBINEFUNC = float8_combine, STYPE = float8[], INITCOND = '{0,0,0}');
CREATE AGGREGATE pg_catalog.avg(float8) (OID = 2105, RETURNS = float8, KERNEL = 'avg_float8', SFUNC = float8_accum, FINALFUNC = float8_avg, COMBINEFUNC = float8_combine, STYPE = float8[], INITCOND = '{0,0,0}');
CREATE AGGREGATE pg_catalog.avg(interval) (OID = 2106, RETURNS = interval, KERNEL = 'avg_interval', SFUNC = interval_accum, FINALFUNC = interval_avg, COMBINEFUNC = interval_combine, MSFUNC = interval_accum, MINVFUNC = interval_accum_inv, MFINALFUNC = interval_avg, STYPE = interval[], MSTYPE = interval[], INITCOND = '{0 second,0 second}', MINITCOND = '{0 second,0 second}');

CREATE AGGREGATE pg_catalog.bit_and(int2) (OID = 2236, RETURNS = int2, KERNEL = 'bit_and_int2', SFUNC = int2and, COMBINEFUNC = int2and, STYPE = int2);
CREATE AGGREGATE pg_catalog.bit_and(int4) (OID = 2238, RETURNS = int4, KERNEL = 'bit_and_int4', SFUNC = int4and, COMBINEFUNC = int4and, STYPE = int4);
CREATE AGGREGATE pg_catalog.bit_and(int8) (OID = 2240, RETURNS = int8, KERNEL = 'bit_and_int8', SFUNC = int8and, COMBINEFUNC = int8and, STYPE = int8);
CREATE AGGREGATE pg_catalog.bit_and(bit) (OID = 2242, RETURNS = bit, KERNEL = 'bit_and_bit', SFUNC = bitand, COMBINEFUNC = bitand, STYPE = bit);

CREATE AGGREGATE pg_catalog.bit_or(int2) (OID = 2237, RETURNS = int2, KERNEL = 'bit_or_int2', SFUNC = int2or, COMBINEFUNC = int2or, STYPE = int2);
CREATE AGGREGATE pg_catalog.bit_or(int4) (OID = 2239, RETURNS = int4, KERNEL = 'bit_or_int4', SFUNC = int4or, COMBINEFUNC = int4or, STYPE = int4);
CREATE AGGREGATE pg_catalog.bit_or(int8) (OID = 2241, RETURNS = int8, KERNEL = 'bit_or_int8', SFUNC = int8or, COMBINEFUNC = int8or, STYPE = int8);
CREATE AGGREGATE pg_catalog.bit_or(bit) (OID = 2243, RETURNS = bit, KERNEL = 'bit_or_bit', SFUNC = bitor, COMBINEFUNC = bitor, STYPE = bit);

CREATE AGGREGATE pg_catalog.bit_xor(int2) (OID = 6164, RETURNS = int2, KERNEL = 'bit_xor_int2', SFUNC = int2xor, COMBINEFUNC = int2xor, STYPE = int2);
CREATE AGGREGATE pg_catalog.bit_xor(int4) (OID = 6165, RETURNS = int4, KERNEL = 'bit_xor_int4', SFUNC = int4xor, COMBINEFUNC = int4xor, STYPE = int4);
CREATE AGGREGATE pg_catalog.bit_xor(int8) (OID = 6166, RETURNS = int8, KERNEL = 'bit_xor_int8', SFUNC = int8xor, COMBINEFUNC = int8xor, STYPE = int8);
CREATE AGGREGATE pg_catalog.bit_xor(bit) (OID = 6167, RETURNS = bit, KERNEL = 'bit_xor_bit', SFUNC = bitxor, COMBINEFUNC = bitxor, STYPE = bit);

CREATE AGGREGATE pg_catalog.bool_and(bool) (OID = 2517, RETURNS = bool, SORTOP = <, KERNEL = 'bool_and_bool', SFUNC = booland_statefunc, COMBINEFUNC = booland_statefunc, MSFUNC = bool_accum, MINVFUNC = bool_accum_inv, MFINALFUNC = bool_alltrue, STYPE = bool, MSTYPE = internal, MSSPACE = 16);

CREATE AGGREGATE pg_catalog.bool_or(bool) (OID = 2518, RETURNS = bool, SORTOP = >, KERNEL = 'bool_or_bool', SFUNC = boolor_statefunc, COMBINEFUNC = boolor_statefunc, MSFUNC = bool_accum, MINVFUNC = bool_accum_inv, MFINALFUNC = bool_anytrue, STYPE = bool, MSTYPE = internal, MSSPACE = 16);

CREATE AGGREGATE pg_catalog.corr(float8, float8) (OID = 2829, RETURNS = float8, KERNEL = 'corr_float8_float8', SFUNC = float8_regr_accum, FINALFUNC = float8_corr, COMBINEFUNC = float8_regr_combine, STYPE = float8[], INITCOND = '{0,0,0,0,0,0}');

CREATE AGGREGATE pg_catalog.count("any") (OID = 2147, RETURNS = int8, KERNEL = 'count_any', SFUNC = int8inc_any, COMBINEFUNC = int8pl, MSFUNC = int8inc_any, MINVFUNC = int8dec_any, STYPE = int8, MSTYPE = int8, INITCOND = '0', MINITCOND = '0');
CREATE AGGREGATE pg_catalog.count(*) (OID = 2803, RETURNS = int8, KERNEL = 'count', SFUNC = int8inc, COMBINEFUNC = int8pl, MSFUNC = int8inc, MINVFUNC = int8dec, STYPE = int8, MSTYPE = int8, INITCOND = '0', MINITCOND = '0');

CREATE AGGREGATE pg_catalog.covar_pop(float8, float8) (OID = 2827, RETURNS = float8, KERNEL = 'covar_pop_float8_float8', SFUNC = float8_regr_accum, FINALFUNC = float8_covar_pop, COMBINEFUNC = float8_regr_combine, STYPE = float8[], INITCOND = '{0,0,0,0,0,0}');

CREATE AGGREGATE pg_catalog.covar_samp(float8, float8) (OID = 2828, RETURNS = float8, KERNEL = 'covar_samp_float8_float8', SFUNC = float8_regr_accum, FINALFUNC = float8_covar_samp, COMBINEFUNC = float8_regr_combine, STYPE = float8[], INITCOND = '{0,0,0,0,0,0}');

CREATE AGGREGATE pg_catalog.cume_dist(VARIADIC "any" ORDER BY VARIADIC "any") (OID = 3990, RETURNS = float8, HYPOTHETICAL, KERNEL = 'cume_dist_any', SFUNC = ordered_set_transition_multi, FINALFUNC = cume_dist_final, STYPE = internal, FINALFUNC_EXTRA);

CREATE AGGREGATE pg_catalog.dense_rank(VARIADIC "any" ORDER BY VARIADIC "any") (OID = 3992, RETURNS = int8, HYPOTHETICAL, KERNEL = 'dense_rank_any', SFUNC = ordered_set_transition_multi, FINALFUNC = dense_rank_final, STYPE = internal, FINALFUNC_EXTRA);

CREATE AGGREGATE pg_catalog.every(bool) (OID = 2519, RETURNS = bool, SORTOP = <, KERNEL = 'every_bool', SFUNC = booland_statefunc, COMBINEFUNC = booland_statefunc, MSFUNC = bool_accum, MINVFUNC = bool_accum_inv, MFINALFUNC = bool_alltrue, STYPE = bool, MSTYPE = internal, MSSPACE = 16);

CREATE AGGREGATE pg_catalog.json_agg(anyelement) (OID = 3175, RETURNS = json, KERNEL = 'json_agg_anyelement', SFUNC = json_agg_transfn, FINALFUNC = json_agg_finalfn, STYPE = internal);

CREATE AGGREGATE pg_catalog.json_object_agg("any", "any") (OID = 3197, RETURNS = json, KERNEL = 'json_object_agg_any_any', SFUNC = json_object_agg_transfn, FINALFUNC = json_object_agg_finalfn, STYPE = internal);

CREATE AGGREGATE pg_catalog.jsonb_agg(anyelement) (OID = 3267, RETURNS = jsonb, KERNEL = 'jsonb_agg_anyelement', SFUNC = jsonb_agg_transfn, FINALFUNC = jsonb_agg_finalfn, STYPE = internal);

CREATE AGGREGATE pg_catalog.jsonb_object_agg("any", "any") (OID = 3270, RETURNS = jsonb, KERNEL = 'jsonb_object_agg_any_any', SFUNC = jsonb_object_agg_transfn, FINALFUNC = jsonb_object_agg_finalfn, STYPE = internal);

CREATE AGGREGATE pg_catalog.max(anyarray) (OID = 2050, RETURNS = anyarray, SORTOP = >, KERNEL = 'max_anyarray', SFUNC = array_larger, COMBINEFUNC = array_larger, STYPE = anyarray);
CREATE AGGREGATE pg_catalog.max(int8) (OID = 2115, RETURNS = int8, SORTOP = >, KERNEL = 'max_int8', SFUNC = int8larger, COMBINEFUNC = int8larger, STYPE = int8);
CREATE AGGREGATE pg_catalog.max(int4) (OID = 2116, RETURNS = int4, SORTOP = >, KERNEL = 'max_int4', SFUNC = int4larger, COMBINEFUNC = int4larger, STYPE = int4);
CREATE AGGREGATE pg_catalog.max(int2) (OID = 2117, RETURNS = int2, SORTOP = >, KERNEL = 'max_int2', SFUNC = int2larger, COMBINEFUNC = int2larger, STYPE = int2);
CREATE AGGREGATE pg_catalog.max(oid) (OID = 2118, RETURNS = oid, SORTOP = >, KERNEL = 'max_oid', SFUNC = oidlarger, COMBINEFUNC = oidlarger, STYPE = oid);
CREATE AGGREGATE pg_catalog.max(float4) (OID = 2119, RETURNS = float4, SORTOP = >, KERNEL = 'max_float4', SFUNC = float4larger, COMBINEFUNC = float4larger, STYPE = float4);
CREATE AGGREGATE pg_catalog.max(float8) (OID = 2120, RETURNS = float8, SORTOP = >, KERNEL = 'max_float8', SFUNC = float8larger, COMBINEFUNC = float8larger, STYPE = float8);
CREATE AGGREGATE pg_catalog.max(date) (OID = 2122, RETURNS = date, SORTOP = >, KERNEL = 'max_date', SFUNC = date_larger, COMBINEFUNC = date_larger, STYPE = date);
CREATE AGGREGATE pg_catalog.max(time) (OID = 2123, RETURNS = time, SORTOP = >, KERNEL = 'max_time', SFUNC = time_larger, COMBINEFUNC = time_larger, STYPE = time);
CREATE AGGREGATE pg_catalog.max(timetz) (OID = 2124, RETURNS = timetz, SORTOP = >, KERNEL = 'max_timetz', SFUNC = timetz_larger, COMBINEFUNC = timetz_larger, STYPE = timetz);
CREATE AGGREGATE pg_catalog.max(timestamp) (OID = 2126, RETURNS = timestamp, SORTOP = >, KERNEL = 'max_timestamp', SFUNC = timestamp_larger, COMBINEFUNC = timestamp_larger, STYPE = timestamp);
CREATE AGGREGATE pg_catalog.max(timestamptz) (OID = 2127, RETURNS = timestamptz, SORTOP = >, KERNEL = 'max_timestamptz', SFUNC = timestamptz_larger, COMBINEFUNC = timestamptz_larger, STYPE = timestamptz);
CREATE AGGREGATE pg_catalog.max(interval) (OID = 2128, RETURNS = interval, SORTOP = >, KERNEL = 'max_interval', SFUNC = interval_larger, COMBINEFUNC = interval_larger, STYPE = interval);
CREATE AGGREGATE pg_catalog.max(text) (OID = 2129, RETURNS = text, SORTOP = >, KERNEL = 'max_text', SFUNC = text_larger, COMBINEFUNC = text_larger, STYPE = text);
CREATE AGGREGATE pg_catalog.max(numeric) (OID = 2130, RETURNS = numeric, SORTOP = >, KERNEL = 'max_numeric', SFUNC = numeric_larger, COMBINEFUNC = numeric_larger, STYPE = numeric);
CREATE AGGREGATE pg_catalog.max(bpchar) (OID = 2244, RETURNS = bpchar, SORTOP = >, KERNEL = 'max_bpchar', SFUNC = bpchar_larger, COMBINEFUNC = bpchar_larger, STYPE = bpchar);
CREATE AGGREGATE pg_catalog.max(tid) (OID = 2797, RETURNS = tid, SORTOP = >, KERNEL = 'max_tid', SFUNC = tidlarger, COMBINEFUNC = tidlarger, STYPE = tid);
CREATE AGGREGATE pg_catalog.max(anyenum) (OID = 3526, RETURNS = anyenum, SORTOP = >, KERNEL = 'max_anyenum', SFUNC = enum_larger, COMBINEFUNC = enum_larger, STYPE = anyenum);
CREATE AGGREGATE pg_catalog.max(inet) (OID = 3564, RETURNS = inet, SORTOP = >, KERNEL = 'max_inet', SFUNC = network_larger, COMBINEFUNC = network_larger, STYPE = inet);
CREATE AGGREGATE pg_catalog.max(pg_lsn) (OID = 4189, RETURNS = pg_lsn, SORTOP = >, KERNEL = 'max_pg_lsn', SFUNC = pg_lsn_larger, COMBINEFUNC = pg_lsn_larger, STYPE = pg_lsn);
CREATE AGGREGATE pg_catalog.max(xid8) (OID = 5099, RETURNS = xid8, SORTOP = >, KERNEL = 'max_xid8', SFUNC = xid8_larger, COMBINEFUNC = xid8_larger, STYPE = xid8);

CREATE AGGREGATE pg_catalog.min(anyarray) (OID = 2051, RETURNS = anyarray, SORTOP = <, KERNEL = 'min_anyarray', SFUNC = array_smaller, COMBINEFUNC = array_smaller, STYPE = anyarray);
CREATE AGGREGATE pg_catalog.min(int8) (OID = 2131, RETURNS = int8, SORTOP = <, KERNEL = 'min_int8', SFUNC = int8smaller, COMBINEFUNC = int8smaller, STYPE = int8);
CREATE AGGREGATE pg_catalog.min(int4) (OID = 2132, RETURNS = int4, SORTOP = <, KERNEL = 'min_int4', SFUNC = int4smaller, COMBINEFUNC = int4smaller, STYPE = int4);
CREATE AGGREGATE pg_catalog.min(int2) (OID = 2133, RETURNS = int2, SORTOP = <, KERNEL = 'min_int2', SFUNC = int2smaller, COMBINEFUNC = int2smaller, STYPE = int2);
CREATE AGGREGATE pg_catalog.min(oid) (OID = 2134, RETURNS = oid, SORTOP = <, KERNEL = 'min_oid', SFUNC = oidsmaller, COMBINEFUNC = oidsmaller, STYPE = oid);
CREATE AGGREGATE pg_catalog.min(float4) (OID = 2135, RETURNS = float4, SORTOP = <, KERNEL = 'min_float4', SFUNC = float4smaller, COMBINEFUNC = float4smaller, STYPE = float4);
CREATE AGGREGATE pg_catalog.min(float8) (OID = 2136, RETURNS = float8, SORTOP = <, KERNEL = 'min_float8', SFUNC = float8smaller, COMBINEFUNC = float8smaller, STYPE = float8);
CREATE AGGREGATE pg_catalog.min(date) (OID = 2138, RETURNS = date, SORTOP = <, KERNEL = 'min_date', SFUNC = date_smaller, COMBINEFUNC = date_smaller, STYPE = date);
CREATE AGGREGATE pg_catalog.min(time) (OID = 2139, RETURNS = time, SORTOP = <, KERNEL = 'min_time', SFUNC = time_smaller, COMBINEFUNC = time_smaller, STYPE = time);
CREATE AGGREGATE pg_catalog.min(timetz) (OID = 2140, RETURNS = timetz, SORTOP = <, KERNEL = 'min_timetz', SFUNC = timetz_smaller, COMBINEFUNC = timetz_smaller, STYPE = timetz);
CREATE AGGREGATE pg_catalog.min(timestamp) (OID = 2142, RETURNS = timestamp, SORTOP = <, KERNEL = 'min_timestamp', SFUNC = timestamp_smaller, COMBINEFUNC = timestamp_smaller, STYPE = timestamp);
CREATE AGGREGATE pg_catalog.min(timestamptz) (OID = 2143, RETURNS = timestamptz, SORTOP = <, KERNEL = 'min_timestamptz', SFUNC = timestamptz_smaller, COMBINEFUNC = timestamptz_smaller, STYPE = timestamptz);
CREATE AGGREGATE pg_catalog.min(interval) (OID = 2144, RETURNS = interval, SORTOP = <, KERNEL = 'min_interval', SFUNC = interval_smaller, COMBINEFUNC = interval_smaller, STYPE = interval);
CREATE AGGREGATE pg_catalog.min(text) (OID = 2145, RETURNS = text, SORTOP = <, KERNEL = 'min_text', SFUNC = text_smaller, COMBINEFUNC = text_smaller, STYPE = text);
CREATE AGGREGATE pg_catalog.min(numeric) (OID = 2146, RETURNS = numeric, SORTOP = <, KERNEL = 'min_numeric', SFUNC = numeric_smaller, COMBINEFUNC = numeric_smaller, STYPE = numeric);
CREATE AGGREGATE pg_catalog.min(bpchar) (OID = 2245, RETURNS = bpchar, SORTOP = <, KERNEL = 'min_bpchar', SFUNC = bpchar_smaller, COMBINEFUNC = bpchar_smaller, STYPE = bpchar);
CREATE AGGREGATE pg_catalog.min(tid) (OID = 2798, RETURNS = tid, SORTOP = <, KERNEL = 'min_tid', SFUNC = tidsmaller, COMBINEFUNC = tidsmaller, STYPE = tid);
CREATE AGGREGATE pg_catalog.min(anyenum) (OID = 3527, RETURNS = anyenum, SORTOP = <, KERNEL = 'min_anyenum', SFUNC = enum_smaller, COMBINEFUNC = enum_smaller, STYPE = anyenum);
CREATE AGGREGATE pg_catalog.min(inet) (OID = 3565, RETURNS = inet, SORTOP = <, KERNEL = 'min_inet', SFUNC = network_smaller, COMBINEFUNC = network_smaller, STYPE = inet);
CREATE AGGREGATE pg_catalog.min(pg_lsn) (OID = 4190, RETURNS = pg_lsn, SORTOP = <, KERNEL = 'min_pg_lsn', SFUNC = pg_lsn_smaller, COMBINEFUNC = pg_lsn_smaller, STYPE = pg_lsn);
CREATE AGGREGATE pg_catalog.min(xid8) (OID = 5100, RETURNS = xid8, SORTOP = <, KERNEL = 'min_xid8', SFUNC = xid8_smaller, COMBINEFUNC = xid8_smaller, STYPE = xid8);

CREATE AGGREGATE pg_catalog.mode(ORDER BY anyelement) (OID = 3984, RETURNS = anyelement, KERNEL = 'mode_anyelement', SFUNC = ordered_set_transition, FINALFUNC = mode_final, STYPE = internal, FINALFUNC_EXTRA, FINALFUNC_MODIFY = SHAREABLE, MFINALFUNC_MODIFY = SHAREABLE);

CREATE AGGREGATE pg_catalog.percent_rank(VARIADIC "any" ORDER BY VARIADIC "any") (OID = 3988, RETURNS = float8, HYPOTHETICAL, KERNEL = 'percent_rank_any', SFUNC = ordered_set_transition_multi, FINALFUNC = percent_rank_final, STYPE = internal, FINALFUNC_EXTRA);

CREATE AGGREGATE pg_catalog.percentile_cont(float8 ORDER BY float8) (OID = 3974, RETURNS = float8, KERNEL = 'percentile_cont_float8_float8', SFUNC = ordered_set_transition, FINALFUNC = percentile_cont_float8_final, STYPE = internal, FINALFUNC_MODIFY = SHAREABLE, MFINALFUNC_MODIFY = SHAREABLE);
CREATE AGGREGATE pg_catalog.percentile_cont(float8 ORDER BY interval) (OID = 3976, RETURNS = interval, KERNEL = 'percentile_cont_float8_interval', SFUNC = ordered_set_transition, FINALFUNC = percentile_cont_interval_final, STYPE = internal, FINALFUNC_MODIFY = SHAREABLE, MFINALFUNC_MODIFY = SHAREABLE);
CREATE AGGREGATE pg_catalog.percentile_cont(float8[] ORDER BY float8) (OID = 3980, RETURNS = float8[], KERNEL = 'percentile_cont_float8_array_float8', SFUNC = ordered_set_transition, FINALFUNC = percentile_cont_float8_multi_final, STYPE = internal, FINALFUNC_MODIFY = SHAREABLE, MFINALFUNC_MODIFY = SHAREABLE);
CREATE AGGREGATE pg_catalog.percentile_cont(float8[] ORDER BY interval) (OID = 3982, RETURNS = interval[], KERNEL = 'percentile_cont_float8_array_interval', SFUNC = ordered_set_transition, FINALFUNC = percentile_cont_interval_multi_final, STYPE = internal, FINALFUNC_MODIFY = SHAREABLE, MFINALFUNC_MODIFY = SHAREABLE);

CREATE AGGREGATE pg_catalog.percentile_disc(float8 ORDER BY anyelement) (OID = 3972, RETURNS = anyelement, KERNEL = 'percentile_disc_float8_anyelement', SFUNC = ordered_set_transition, FINALFUNC = percentile_disc_final, STYPE = internal, FINALFUNC_EXTRA, FINALFUNC_MODIFY = SHAREABLE, MFINALFUNC_MODIFY = SHAREABLE);
CREATE AGGREGATE pg_catalog.percentile_disc(float8[] ORDER BY anyelement) (OID = 3978, RETURNS = anyarray, KERNEL = 'percentile_disc_float8_array_anyelement', SFUNC = ordered_set_transition, FINALFUNC = percentile_disc_multi_final, STYPE = internal, FINALFUNC_EXTRA, FINALFUNC_MODIFY = SHAREABLE, MFINALFUNC_MODIFY = SHAREABLE);

CREATE AGGREGATE pg_catalog.range_agg(anyrange) (OID = 4301, RETURNS = anymultirange, KERNEL = 'range_agg_anyrange', SFUNC = range_agg_transfn, FINALFUNC = range_agg_finalfn, STYPE = internal, FINALFUNC_EXTRA);
CREATE AGGREGATE pg_catalog.range_agg(anymultirange) (OID = 6227, RETURNS = anymultirange, KERNEL = 'range_agg_anymultirange', SFUNC = multirange_agg_transfn, FINALFUNC = multirange_agg_finalfn, STYPE = internal, FINALFUNC_EXTRA);

CREATE AGGREGATE pg_catalog.range_intersect_agg(anymultirange) (OID = 4389, RETURNS = anymultirange, KERNEL = 'range_intersect_agg_anymultirange', SFUNC = multirange_intersect_agg_transfn, COMBINEFUNC = multirange_intersect_agg_transfn, STYPE = anymultirange);
CREATE AGGREGATE pg_catalog.range_intersect_agg(anyrange) (OID = 4450, RETURNS = anyrange, KERNEL = 'range_intersect_agg_anyrange', SFUNC = range_intersect_agg_transfn, COMBINEFUNC = range_intersect_agg_transfn, STYPE = anyrange);

CREATE AGGREGATE pg_catalog.rank(VARIADIC "any" ORDER BY VARIADIC "any") (OID = 3986, RETURNS = int8, HYPOTHETICAL, KERNEL = 'rank_any', SFUNC = ordered_set_transition_multi, FINALFUNC = rank_final, STYPE = internal, FINALFUNC_EXTRA);

CREATE AGGREGATE pg_catalog.regr_avgx(float8, float8) (OID = 2822, RETURNS = float8, KERNEL = 'regr_avgx_float8_float8', SFUNC = float8_regr_accum, FINALFUNC = float8_regr_avgx, COMBINEFUNC = float8_regr_combine, STYPE = float8[], INITCOND = '{0,0,0,0,0,0}');

CREATE AGGREGATE pg_catalog.regr_avgy(float8, float8) (OID = 2823, RETURNS = float8, KERNEL = 'regr_avgy_float8_float8', SFUNC = float8_regr_accum, FINALFUNC = float8_regr_avgy, COMBINEFUNC = float8_regr_combine, STYPE = float8[], INITCOND = '{0,0,0,0,0,0}');

CREATE AGGREGATE pg_catalog.regr_count(float8, float8) (OID = 2818, RETURNS = int8, KERNEL = 'regr_count_float8_float8', SFUNC = int8inc_float8_float8, COMBINEFUNC = int8pl, STYPE = int8, INITCOND = '0');

CREATE AGGREGATE pg_catalog.regr_intercept(float8, float8) (OID = 2826, RETURNS = float8, KERNEL = 'regr_intercept_float8_float8', SFUNC = float8_regr_accum, FINALFUNC = float8_regr_intercept, COMBINEFUNC = float8_regr_combine, STYPE = float8[], INITCOND = '{0,0,0,0,0,0}');

CREATE AGGREGATE pg_catalog.regr_r2(float8, float8) (OID = 2824, RETURNS = float8, KERNEL = 'regr_r2_float8_float8', SFUNC = float8_regr_accum, FINALFUNC = float8_regr_r2, COMBINEFUNC = float8_regr_combine, STYPE = float8[], INITCOND = '{0,0,0,0,0,0}');

CREATE AGGREGATE pg_catalog.regr_slope(float8, float8) (OID = 2825, RETURNS = float8, KERNEL = 'regr_slope_float8_float8', SFUNC = float8_regr_accum, FINALFUNC = float8_regr_slope, COMBINEFUNC = float8_regr_combine, STYPE = float8[], INITCOND = '{0,0,0,0,0,0}');

CREATE AGGREGATE pg_catalog.regr_sxx(float8, float8) (OID = 2819, RETURNS = float8, KERNEL = 'regr_sxx_float8_float8', SFUNC = float8_regr_accum, FINALFUNC = float8_regr_sxx, COMBINEFUNC = float8_regr_combine, STYPE = float8[], INITCOND = '{0,0,0,0,0,0}');

CREATE AGGREGATE pg_catalog.regr_sxy(float8, float8) (OID = 2821, RETURNS = float8, KERNEL = 'regr_sxy_float8_float8', SFUNC = float8_regr_accum, FINALFUNC = float8_regr_sxy, COMBINEFUNC = float8_regr_combine, STYPE = float8[], INITCOND = '{0,0,0,0,0,0}');

CREATE AGGREGATE pg_catalog.regr_syy(float8, float8) (OID = 2820, RETURNS = float8, KERNEL = 'regr_syy_float8_float8', SFUNC = float8_regr_accum, FINALFUNC = float8_regr_syy, COMBINEFUNC = float8_regr_combine, STYPE = float8[], INITCOND = '{0,0,0,0,0,0}');

CREATE AGGREGATE pg_catalog.stddev(int8) (OID = 2154, RETURNS = numeric, KERNEL = 'stddev_int8', SFUNC = int8_accum, FINALFUNC = numeric_stddev_samp, COMBINEFUNC = numeric_combine, SERIALFUNC = numeric_serialize, DESERIALFUNC = numeric_deserialize, MSFUNC = int8_accum, MINVFUNC = int8_accum_inv, MFINALFUNC = numeric_stddev_samp, STYPE = internal, MSTYPE = internal, SSPACE = 128, MSSPACE = 128);
CREATE AGGREGATE pg_catalog.stddev(int4) (OID = 2155, RETURNS = numeric, KERNEL = 'stddev_int4', SFUNC = int4_accum, FINALFUNC = numeric_poly_stddev_samp, COMBINEFUNC = numeric_poly_combine, SERIALFUNC = numeric_poly_serialize, DESERIALFUNC = numeric_poly_deserialize, MSFUNC = int4_accum, MINVFUNC = int4_accum_inv, MFINALFUNC = numeric_poly_stddev_samp, STYPE = internal, MSTYPE = internal, SSPACE = 48, MSSPACE = 48);
CREATE AGGREGATE pg_catalog.stddev(int2) (OID = 2156, RETURNS = numeric, KERNEL = 'stddev_int2', SFUNC = int2_accum, FINALFUNC = numeric_poly_stddev_samp, COMBINEFUNC = numeric_poly_combine, SERIALFUNC = numeric_poly_serialize, DESERIALFUNC = numeric_poly_deserialize, MSFUNC = int2_accum, MINVFUNC = int2_accum_inv, MFINALFUNC = numeric_poly_stddev_samp, STYPE = internal, MSTYPE = internal, SSPACE = 48, MSSPACE = 48);
CREATE AGGREGATE pg_catalog.stddev(float4) (OID = 2157, RETURNS = float8, KERNEL = 'stddev_float4', SFUNC = float4_accum, FINALFUNC = float8_stddev_samp, COMBINEFUNC = float8_combine, STYPE = float8[], INITCOND = '{0,0,0}');
CREATE AGGREGATE pg_catalog.stddev(float8) (OID = 2158, RETURNS = float8, KERNEL = 'stddev_float8', SFUNC = float8_accum, FINALFUNC = float8_stddev_samp, COMBINEFUNC = float8_combine, STYPE = float8[], INITCOND = '{0,0,0}');
CREATE AGGREGATE pg_catalog.stddev(numeric) (OID = 2159, RETURNS = numeric, KERNEL = 'stddev_numeric', SFUNC = numeric_accum, FINALFUNC = numeric_stddev_samp, COMBINEFUNC = numeric_combine, SERIALFUNC = numeric_serialize, DESERIALFUNC = numeric_deserialize, MSFUNC = numeric_accum, MINVFUNC = numeric_accum_inv, MFINALFUNC = numeric_stddev_samp, STYPE = internal, MSTYPE = internal, SSPACE = 128, MSSPACE = 128);

CREATE AGGREGATE pg_catalog.stddev_pop(int8) (OID = 2724, RETURNS = numeric, KERNEL = 'stddev_pop_int8', SFUNC = int8_accum, FINALFUNC = numeric_stddev_pop, COMBINEFUNC = numeric_combine, SERIALFUNC = numeric_serialize, DESERIALFUNC = numeric_deserialize, MSFUNC = int8_accum, MINVFUNC = int8_accum_inv, MFINALFUNC = numeric_stddev_pop, STYPE = internal, MSTYPE = internal, SSPACE = 128, MSSPACE = 128);
CREATE AGGREGATE pg_catalog.stddev_pop(int4) (OID = 2725, RETURNS = numeric, KERNEL = 'stddev_pop_int4', SFUNC = int4_accum, FINALFUNC = numeric_poly_stddev_pop, COMBINEFUNC = numeric_poly_combine, SERIALFUNC = numeric_poly_serialize, DESERIALFUNC = numeric_poly_deserialize, MSFUNC = int4_accum, MINVFUNC = int4_accum_inv, MFINALFUNC = numeric_poly_stddev_pop, STYPE = internal, MSTYPE = internal, SSPACE = 48, MSSPACE = 48);
CREATE AGGREGATE pg_catalog.stddev_pop(int2) (OID = 2726, RETURNS = numeric, KERNEL = 'stddev_pop_int2', SFUNC = int2_accum, FINALFUNC = numeric_poly_stddev_pop, COMBINEFUNC = numeric_poly_combine, SERIALFUNC = numeric_poly_serialize, DESERIALFUNC = numeric_poly_deserialize, MSFUNC = int2_accum, MINVFUNC = int2_accum_inv, MFINALFUNC = numeric_poly_stddev_pop, STYPE = internal, MSTYPE = internal, SSPACE = 48, MSSPACE = 48);
CREATE AGGREGATE pg_catalog.stddev_pop(float4) (OID = 2727, RETURNS = float8, KERNEL = 'stddev_pop_float4', SFUNC = float4_accum, FINALFUNC = float8_stddev_pop, COMBINEFUNC = float8_combine, STYPE = float8[], INITCOND = '{0,0,0}');
CREATE AGGREGATE pg_catalog.stddev_pop(float8) (OID = 2728, RETURNS = float8, KERNEL = 'stddev_pop_float8', SFUNC = float8_accum, FINALFUNC = float8_stddev_pop, COMBINEFUNC = float8_combine, STYPE = float8[], INITCOND = '{0,0,0}');
CREATE AGGREGATE pg_catalog.stddev_pop(numeric) (OID = 2729, RETURNS = numeric, KERNEL = 'stddev_pop_numeric', SFUNC = numeric_accum, FINALFUNC = numeric_stddev_pop, COMBINEFUNC = numeric_combine, SERIALFUNC = numeric_serialize, DESERIALFUNC = numeric_deserialize, MSFUNC = numeric_accum, MINVFUNC = numeric_accum_inv, MFINALFUNC = numeric_stddev_pop, STYPE = internal, MSTYPE = internal, SSPACE = 128, MSSPACE = 128);

CREATE AGGREGATE pg_catalog.stddev_samp(int8) (OID = 2712, RETURNS = numeric, KERNEL = 'stddev_samp_int8', SFUNC = int8_accum, FINALFUNC = numeric_stddev_samp, COMBINEFUNC = numeric_combine, SERIALFUNC = numeric_serialize, DESERIALFUNC = numeric_deserialize, MSFUNC = int8_accum, MINVFUNC = int8_accum_inv, MFINALFUNC = numeric_stddev_samp, STYPE = internal, MSTYPE = internal, SSPACE = 128, MSSPACE = 128);
CREATE AGGREGATE pg_catalog.stddev_samp(int4) (OID = 2713, RETURNS = numeric, KERNEL = 'stddev_samp_int4', SFUNC = int4_accum, FINALFUNC = numeric_poly_stddev_samp, COMBINEFUNC = numeric_poly_combine, SERIALFUNC = numeric_poly_serialize, DESERIALFUNC = numeric_poly_deserialize, MSFUNC = int4_accum, MINVFUNC = int4_accum_inv, MFINALFUNC = numeric_poly_stddev_samp, STYPE = internal, MSTYPE = internal, SSPACE = 48, MSSPACE = 48);
CREATE AGGREGATE pg_catalog.stddev_samp(int2) (OID = 2714, RETURNS = numeric, KERNEL = 'stddev_samp_int2', SFUNC = int2_accum, FINALFUNC = numeric_poly_stddev_samp, COMBINEFUNC = numeric_poly_combine, SERIALFUNC = numeric_poly_serialize, DESERIALFUNC = numeric_poly_deserialize, MSFUNC = int2_accum, MINVFUNC = int2_accum_inv, MFINALFUNC = numeric_poly_stddev_samp, STYPE = internal, MSTYPE = internal, SSPACE = 48, MSSPACE = 48);
CREATE AGGREGATE pg_catalog.stddev_samp(float4) (OID = 2715, RETURNS = float8, KERNEL = 'stddev_samp_float4', SFUNC = float4_accum, FINALFUNC = float8_stddev_samp, COMBINEFUNC = float8_combine, STYPE = float8[], INITCOND = '{0,0,0}');
CREATE AGGREGATE pg_catalog.stddev_samp(float8) (OID = 2716, RETURNS = float8, KERNEL = 'stddev_samp_float8', SFUNC = float8_accum, FINALFUNC = float8_stddev_samp, COMBINEFUNC = float8_combine, STYPE = float8[], INITCOND = '{0,0,0}');
CREATE AGGREGATE pg_catalog.stddev_samp(numeric) (OID = 2717, RETURNS = numeric, KERNEL = 'stddev_samp_numeric', SFUNC = numeric_accum, FINALFUNC = numeric_stddev_samp, COMBINEFUNC = numeric_combine, SERIALFUNC = numeric_serialize, DESERIALFUNC = numeric_deserialize, MSFUNC = numeric_accum, MINVFUNC = numeric_accum_inv, MFINALFUNC = numeric_stddev_samp, STYPE = internal, MSTYPE = internal, SSPACE = 128, MSSPACE = 128);

CREATE AGGREGATE pg_catalog.string_agg(text, text) (OID = 3538, RETURNS = text, KERNEL = 'string_agg_text_text', SFUNC = string_agg_transfn, FINALFUNC = string_agg_finalfn, STYPE = internal);
CREATE AGGREGATE pg_catalog.string_agg(bytea, bytea) (OID = 3545, RETURNS = bytea, KERNEL = 'string_agg_bytea_bytea', SFUNC = bytea_string_agg_transfn, FINALFUNC = bytea_string_agg_finalfn, STYPE = internal);

CREATE AGGREGATE pg_catalog.sum(int8) (OID = 2107, RETURNS = numeric, KERNEL = 'sum_int8', SFUNC = int8_avg_accum, FINALFUNC = numeric_poly_sum, COMBINEFUNC = int8_avg_combine, SERIALFUNC = int8_avg_serialize, DESERIALFUNC = int8_avg_deserialize, MSFUNC = int8_avg_accum, MINVFUNC = int8_avg_accum_inv, MFINALFUNC = numeric_poly_sum, STYPE = internal, MSTYPE = internal, SSPACE = 48, MSSPACE = 48);
CREATE AGGREGATE pg_catalog.sum(int4) (OID = 2108, RETURNS = int8, KERNEL = 'sum_int4', SFUNC = int4_sum, COMBINEFUNC = int8pl, MSFUNC = int4_avg_accum, MINVFUNC = int4_avg_accum_inv, MFINALFUNC = int2int4_sum, STYPE = int8, MSTYPE = int8[], MINITCOND = '{0,0}');
CREATE AGGREGATE pg_catalog.sum(int2) (OID = 2109, RETURNS = int8, KERNEL = 'sum_int2', SFUNC = int2_sum, COMBINEFUNC = int8pl, MSFUNC = int2_avg_accum, MINVFUNC = int2_avg_accum_inv, MFINALFUNC = int2int4_sum, STYPE = int8, MSTYPE = int8[], MINITCOND = '{0,0}');
CREATE AGGREGATE pg_catalog.sum(float4) (OID = 2110, RETURNS = float4, KERNEL = 'sum_float4', SFUNC = float4pl, COMBINEFUNC = float4pl, STYPE = float4);
CREATE AGGREGATE pg_catalog.sum(float8) (OID = 2111, RETURNS = float8, KERNEL = 'sum_float8', SFUNC = float8pl, COMBINEFUNC = float8pl, STYPE = float8);
CREATE AGGREGATE pg_catalog.sum(interval) (OID = 2113, RETURNS = interval, KERNEL = 'sum_interval', SFUNC = interval_pl, COMBINEFUNC = interval_pl, MSFUNC = interval_pl, MINVFUNC = interval_mi, STYPE = interval, MSTYPE = interval);
CREATE AGGREGATE pg_catalog.sum(numeric) (OID = 2114, RETURNS = numeric, KERNEL = 'sum_numeric', SFUNC = numeric_avg_accum, FINALFUNC = numeric_sum, COMBINEFUNC = numeric_avg_combine, SERIALFUNC = numeric_avg_serialize, DESERIALFUNC = numeric_avg_deserialize, MSFUNC = numeric_avg_accum, MINVFUNC = numeric_accum_inv, MFINALFUNC = numeric_sum, STYPE = internal, MSTYPE = internal, SSPACE = 128, MSSPACE = 128);

CREATE AGGREGATE pg_catalog.var_pop(int8) (OID = 2718, RETURNS = numeric, KERNEL = 'var_pop_int8', SFUNC = int8_accum, FINALFUNC = numeric_var_pop, COMBINEFUNC = numeric_combine, SERIALFUNC = numeric_serialize, DESERIALFUNC = numeric_deserialize, MSFUNC = int8_accum, MINVFUNC = int8_accum_inv, MFINALFUNC = numeric_var_pop, STYPE = internal, MSTYPE = internal, SSPACE = 128, MSSPACE = 128);
CREATE AGGREGATE pg_catalog.var_pop(int4) (OID = 2719, RETURNS = numeric, KERNEL = 'var_pop_int4', SFUNC = int4_accum, FINALFUNC = numeric_poly_var_pop, COMBINEFUNC = numeric_poly_combine, SERIALFUNC = numeric_poly_serialize, DESERIALFUNC = numeric_poly_deserialize, MSFUNC = int4_accum, MINVFUNC = int4_accum_inv, MFINALFUNC = numeric_poly_var_pop, STYPE = internal, MSTYPE = internal, SSPACE = 48, MSSPACE = 48);
CREATE AGGREGATE pg_catalog.var_pop(int2) (OID = 2720, RETURNS = numeric, KERNEL = 'var_pop_int2', SFUNC = int2_accum, FINALFUNC = numeric_poly_var_pop, COMBINEFUNC = numeric_poly_combine, SERIALFUNC = numeric_poly_serialize, DESERIALFUNC = numeric_poly_deserialize, MSFUNC = int2_accum, MINVFUNC = int2_accum_inv, MFINALFUNC = numeric_poly_var_pop, STYPE = internal, MSTYPE = internal, SSPACE = 48, MSSPACE = 48);
CREATE AGGREGATE pg_catalog.var_pop(float4) (OID = 2721, RETURNS = float8, KERNEL = 'var_pop_float4', SFUNC = float4_accum, FINALFUNC = float8_var_pop, COMBINEFUNC = float8_combine, STYPE = float8[], INITCOND = '{0,0,0}');
CREATE AGGREGATE pg_catalog.var_pop(float8) (OID = 2722, RETURNS = float8, KERNEL = 'var_pop_float8', SFUNC = float8_accum, FINALFUNC = float8_var_pop, COMBINEFUNC = float8_combine, STYPE = float8[], INITCOND = '{0,0,0}');
CREATE AGGREGATE pg_catalog.var_pop(numeric) (OID = 2723, RETURNS = numeric, KERNEL = 'var_pop_numeric', SFUNC = numeric_accum, FINALFUNC = numeric_var_pop, COMBINEFUNC = numeric_combine, SERIALFUNC = numeric_serialize, DESERIALFUNC = numeric_deserialize, MSFUNC = numeric_accum, MINVFUNC = numeric_accum_inv, MFINALFUNC = numeric_var_pop, STYPE = internal, MSTYPE = internal, SSPACE = 128, MSSPACE = 128);

CREATE AGGREGATE pg_catalog.var_samp(int8) (OID = 2641, RETURNS = numeric, KERNEL = 'var_samp_int8', SFUNC = int8_accum, FINALFUNC = numeric_var_samp, COMBINEFUNC = numeric_combine, SERIALFUNC = numeric_serialize, DESERIALFUNC = numeric_deserialize, MSFUNC = int8_accum, MINVFUNC = int8_accum_inv, MFINALFUNC = numeric_var_samp, STYPE = internal, MSTYPE = internal, SSPACE = 128, MSSPACE = 128);
CREATE AGGREGATE pg_catalog.var_samp(int4) (OID = 2642, RETURNS = numeric, KERNEL = 'var_samp_int4', SFUNC = int4_accum, FINALFUNC = numeric_poly_var_samp, COMBINEFUNC = numeric_poly_combine, SERIALFUNC = numeric_poly_serialize, DESERIALFUNC = numeric_poly_deserialize, MSFUNC = int4_accum, MINVFUNC = int4_accum_inv, MFINALFUNC = numeric_poly_var_samp, STYPE = internal, MSTYPE = internal, SSPACE = 48, MSSPACE = 48);
CREATE AGGREGATE pg_catalog.var_samp(int2) (OID = 2643, RETURNS = numeric, KERNEL = 'var_samp_int2', SFUNC = int2_accum, FINALFUNC = numeric_poly_var_samp, COMBINEFUNC = numeric_poly_combine, SERIALFUNC = numeric_poly_serialize, DESERIALFUNC = numeric_poly_deserialize, MSFUNC = int2_accum, MINVFUNC = int2_accum_inv, MFINALFUNC = numeric_poly_var_samp, STYPE = internal, MSTYPE = internal, SSPACE = 48, MSSPACE = 48);
CREATE AGGREGATE pg_catalog.var_samp(float4) (OID = 2644, RETURNS = float8, KERNEL = 'var_samp_float4', SFUNC = float4_accum, FINALFUNC = float8_var_samp, COMBINEFUNC = float8_combine, STYPE = float8[], INITCOND = '{0,0,0}');
CREATE AGGREGATE pg_catalog.var_samp(float8) (OID = 2645, RETURNS = float8, KERNEL = 'var_samp_float8', SFUNC = float8_accum, FINALFUNC = float8_var_samp, COMBINEFUNC = float8_combine, STYPE = float8[], INITCOND = '{0,0,0}');
CREATE AGGREGATE pg_catalog.var_samp(numeric) (OID = 2646, RETURNS = numeric, KERNEL = 'var_samp_numeric', SFUNC = numeric_accum, FINALFUNC = numeric_var_samp, COMBINEFUNC = numeric_combine, SERIALFUNC = numeric_serialize, DESERIALFUNC = numeric_deserialize, MSFUNC = numeric_accum, MINVFUNC = numeric_accum_inv, MFINALFUNC = numeric_var_samp, STYPE = internal, MSTYPE = internal, SSPACE = 128, MSSPACE = 128);

CREATE AGGREGATE pg_catalog.variance(int8) (OID = 2148, RETURNS = numeric, KERNEL = 'variance_int8', SFUNC = int8_accum, FINALFUNC = numeric_var_samp, COMBINEFUNC = numeric_combine, SERIALFUNC = numeric_serialize, DESERIALFUNC = numeric_deserialize, MSFUNC = int8_accum, MINVFUNC = int8_accum_inv, MFINALFUNC = numeric_var_samp, STYPE = internal, MSTYPE = internal, SSPACE = 128, MSSPACE = 128);
CREATE AGGREGATE pg_catalog.variance(int4) (OID = 2149, RETURNS = numeric, KERNEL = 'variance_int4', SFUNC = int4_accum, FINALFUNC = numeric_poly_var_samp, COMBINEFUNC = numeric_poly_combine, SERIALFUNC = numeric_poly_serialize, DESERIALFUNC = numeric_poly_deserialize, MSFUNC = int4_accum, MINVFUNC = int4_accum_inv, MFINALFUNC = numeric_poly_var_samp, STYPE = internal, MSTYPE = internal, SSPACE = 48, MSSPACE = 48);
CREATE AGGREGATE pg_catalog.variance(int2) (OID = 2150, RETURNS = numeric, KERNEL = 'variance_int2', SFUNC = int2_accum, FINALFUNC = numeric_poly_var_samp, COMBINEFUNC = numeric_poly_combine, SERIALFUNC = numeric_poly_serialize, DESERIALFUNC = numeric_poly_deserialize, MSFUNC = int2_accum, MINVFUNC = int2_accum_inv, MFINALFUNC = numeric_poly_var_samp, STYPE = internal, MSTYPE = internal, SSPACE = 48, MSSPACE = 48);
CREATE AGGREGATE pg_catalog.variance(float4) (OID = 2151, RETURNS = float8, KERNEL = 'variance_float4', SFUNC = float4_accum, FINALFUNC = float8_var_samp, COMBINEFUNC = float8_combine, STYPE = float8[], INITCOND = '{0,0,0}');
CREATE AGGREGATE pg_catalog.variance(float8) (OID = 2152, RETURNS = float8, KERNEL = 'variance_float8', SFUNC = float8_accum, FINALFUNC = float8_var_samp, COMBINEFUNC = float8_combine, STYPE = float8[], INITCOND = '{0,0,0}');
CREATE AGGREGATE pg_catalog.variance(numeric) (OID = 2153, RETURNS = numeric, KERNEL = 'variance_numeric', SFUNC = numeric_accum, FINALFUNC = numeric_var_samp, COMBINEFUNC = numeric_combine, SERIALFUNC = numeric_serialize, DESERIALFUNC = numeric_deserialize, MSFUNC = numeric_accum, MINVFUNC = numeric_accum_inv, MFINALFUNC = numeric_var_samp, STYPE = internal, MSTYPE = internal, SSPACE = 128, MSSPACE = 128);
