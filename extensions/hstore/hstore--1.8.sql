-- Sets of keys with texts.

CREATE TYPE hstore (INPUT = hstore_in, OUTPUT = hstore_out, RECEIVE = hstore_recv, SEND = hstore_send, STORAGE = extended, SUBSCRIPT = hstore_subscript_handler);

CREATE FUNCTION hstore_in(cstring) RETURNS hstore LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_in';
CREATE FUNCTION hstore_out(hstore) RETURNS cstring LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_out';
CREATE FUNCTION hstore_recv(internal) RETURNS hstore LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_recv';
CREATE FUNCTION hstore_send(hstore) RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_send';
CREATE FUNCTION hstore_subscript_handler(internal) RETURNS internal LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_subscript_handler';
CREATE FUNCTION hstore_version_diag(hstore) RETURNS integer LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_version_diag';
CREATE FUNCTION fetchval(hstore, text) RETURNS text LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_fetchval';
CREATE FUNCTION slice_array(hstore, text[]) RETURNS text[] LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_slice_to_array';
CREATE FUNCTION slice(hstore, text[]) RETURNS hstore LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_slice_to_hstore';
CREATE FUNCTION isexists(hstore, text) RETURNS boolean LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_exists';
CREATE FUNCTION exist(hstore, text) RETURNS boolean LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_exists';
CREATE FUNCTION exists_any(hstore, text[]) RETURNS boolean LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_exists_any';
CREATE FUNCTION exists_all(hstore, text[]) RETURNS boolean LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_exists_all';
CREATE FUNCTION isdefined(hstore, text) RETURNS boolean LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_defined';
CREATE FUNCTION defined(hstore, text) RETURNS boolean LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_defined';
CREATE FUNCTION delete(hstore, text) RETURNS hstore LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_delete';
CREATE FUNCTION delete(hstore, text[]) RETURNS hstore LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_delete_array';
CREATE FUNCTION delete(hstore, hstore) RETURNS hstore LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_delete_hstore';
CREATE FUNCTION hs_concat(hstore, hstore) RETURNS hstore LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_concat';
CREATE FUNCTION hs_contains(hstore, hstore) RETURNS boolean LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_contains';
CREATE FUNCTION hs_contained(hstore, hstore) RETURNS boolean LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_contained';
CREATE FUNCTION tconvert(text, text) RETURNS hstore LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'hstore_from_text';
CREATE FUNCTION hstore(text, text) RETURNS hstore LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'hstore_from_text';
CREATE FUNCTION hstore(text[], text[]) RETURNS hstore LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'hstore_from_arrays';
CREATE FUNCTION hstore(text[]) RETURNS hstore LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_from_array';
CREATE FUNCTION hstore_to_json(hstore) RETURNS json LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_to_json';
CREATE FUNCTION hstore_to_json_loose(hstore) RETURNS json LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_to_json_loose';
CREATE FUNCTION hstore_to_jsonb(hstore) RETURNS jsonb LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_to_jsonb';
CREATE FUNCTION hstore_to_jsonb_loose(hstore) RETURNS jsonb LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_to_jsonb_loose';
CREATE FUNCTION hstore(record) RETURNS hstore LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'hstore_from_record';
CREATE FUNCTION hstore_to_array(hstore) RETURNS text[] LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_to_array';
CREATE FUNCTION hstore_to_matrix(hstore) RETURNS text[] LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_to_matrix';
CREATE FUNCTION akeys(hstore) RETURNS text[] LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_akeys';
CREATE FUNCTION avals(hstore) RETURNS text[] LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_avals';
CREATE FUNCTION skeys(hstore) RETURNS SETOF text LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_skeys';
CREATE FUNCTION svals(hstore) RETURNS SETOF text LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_svals';
CREATE FUNCTION each(hs hstore, OUT key text, OUT value text) RETURNS SETOF record LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_each';
CREATE FUNCTION populate_record(anyelement, hstore) RETURNS anyelement LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'hstore_populate_record';
CREATE FUNCTION hstore_eq(hstore, hstore) RETURNS boolean LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_eq';
CREATE FUNCTION hstore_ne(hstore, hstore) RETURNS boolean LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_ne';
CREATE FUNCTION hstore_gt(hstore, hstore) RETURNS boolean LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_gt';
CREATE FUNCTION hstore_ge(hstore, hstore) RETURNS boolean LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_ge';
CREATE FUNCTION hstore_lt(hstore, hstore) RETURNS boolean LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_lt';
CREATE FUNCTION hstore_le(hstore, hstore) RETURNS boolean LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_le';
CREATE FUNCTION hstore_cmp(hstore, hstore) RETURNS integer LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_cmp';
CREATE FUNCTION hstore_hash(hstore) RETURNS integer LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_hash';
CREATE FUNCTION hstore_hash_extended(hstore, bigint) RETURNS bigint LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'hstore_hash_extended';

CREATE OPERATOR -> (FUNCTION = fetchval, LEFTARG = hstore, RIGHTARG = text);
CREATE OPERATOR -> (FUNCTION = slice_array, LEFTARG = hstore, RIGHTARG = text[]);
CREATE OPERATOR ? (FUNCTION = exist, LEFTARG = hstore, RIGHTARG = text, RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE OPERATOR ?| (FUNCTION = exists_any, LEFTARG = hstore, RIGHTARG = text[], RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE OPERATOR ?& (FUNCTION = exists_all, LEFTARG = hstore, RIGHTARG = text[], RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE OPERATOR - (FUNCTION = delete, LEFTARG = hstore, RIGHTARG = text);
CREATE OPERATOR - (FUNCTION = delete, LEFTARG = hstore, RIGHTARG = text[]);
CREATE OPERATOR - (FUNCTION = delete, LEFTARG = hstore, RIGHTARG = hstore);
CREATE OPERATOR || (FUNCTION = hs_concat, LEFTARG = hstore, RIGHTARG = hstore);
CREATE OPERATOR <@ (FUNCTION = hs_contained, LEFTARG = hstore, RIGHTARG = hstore, COMMUTATOR = @>, RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE OPERATOR @> (FUNCTION = hs_contains, LEFTARG = hstore, RIGHTARG = hstore, COMMUTATOR = <@, RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE OPERATOR %% (FUNCTION = hstore_to_array, RIGHTARG = hstore);
CREATE OPERATOR %# (FUNCTION = hstore_to_matrix, RIGHTARG = hstore);
CREATE OPERATOR #= (FUNCTION = populate_record, LEFTARG = anyelement, RIGHTARG = hstore);
CREATE OPERATOR <> (FUNCTION = hstore_ne, LEFTARG = hstore, RIGHTARG = hstore, COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR = (FUNCTION = hstore_eq, LEFTARG = hstore, RIGHTARG = hstore, COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR #># (FUNCTION = hstore_gt, LEFTARG = hstore, RIGHTARG = hstore, COMMUTATOR = #<#, NEGATOR = #<=#, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR #>=# (FUNCTION = hstore_ge, LEFTARG = hstore, RIGHTARG = hstore, COMMUTATOR = #<=#, NEGATOR = #<#, RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR #<# (FUNCTION = hstore_lt, LEFTARG = hstore, RIGHTARG = hstore, COMMUTATOR = #>#, NEGATOR = #>=#, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR #<=# (FUNCTION = hstore_le, LEFTARG = hstore, RIGHTARG = hstore, COMMUTATOR = #>=#, NEGATOR = #>#, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);

CREATE CAST (text[] AS hstore) WITH FUNCTION hstore(text[]);
CREATE CAST (hstore AS json) WITH FUNCTION hstore_to_json(hstore);
CREATE CAST (hstore AS jsonb) WITH FUNCTION hstore_to_jsonb(hstore);

CREATE OPERATOR CLASS btree_hstore_ops DEFAULT FOR TYPE hstore USING btree AS
    OPERATOR 1 #<# (hstore, hstore), OPERATOR 2 #<=# (hstore, hstore), OPERATOR 3 = (hstore, hstore),
    OPERATOR 4 #>=# (hstore, hstore), OPERATOR 5 #># (hstore, hstore),
    FUNCTION 1 hstore_cmp(hstore, hstore);
CREATE OPERATOR CLASS hash_hstore_ops DEFAULT FOR TYPE hstore USING hash AS
    OPERATOR 1 = (hstore, hstore),
    FUNCTION 1 hstore_hash(hstore), FUNCTION 2 hstore_hash_extended(hstore, bigint);

CREATE TYPE ghstore (INPUT = ghstore_in, OUTPUT = ghstore_out);
CREATE FUNCTION ghstore_in(cstring) RETURNS ghstore LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'ghstore_in';
CREATE FUNCTION ghstore_out(ghstore) RETURNS cstring LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'ghstore_out';

-- The indexes take their values apart by themselves, both methods in the same way, so the classes name their operators and no support functions.
CREATE OPERATOR CLASS gist_hstore_ops DEFAULT FOR TYPE hstore USING gist AS OPERATOR 7 @> (hstore, hstore), OPERATOR 9 ? (hstore, text), OPERATOR 10 ?| (hstore, text[]), OPERATOR 11 ?& (hstore, text[]), STORAGE ghstore;
CREATE OPERATOR CLASS gin_hstore_ops DEFAULT FOR TYPE hstore USING gin AS OPERATOR 7 @> (hstore, hstore), OPERATOR 9 ? (hstore, text), OPERATOR 10 ?| (hstore, text[]), OPERATOR 11 ?& (hstore, text[]), STORAGE text;
