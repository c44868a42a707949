-- Texts and how similar they are.
CREATE FUNCTION set_limit(real) RETURNS real LANGUAGE c STRICT AS 'set_limit';
CREATE FUNCTION show_limit() RETURNS real LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'show_limit';
CREATE FUNCTION show_trgm(text) RETURNS text[] LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'show_trgm';
CREATE FUNCTION similarity(text, text) RETURNS real LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'similarity';
CREATE FUNCTION similarity_op(text, text) RETURNS boolean LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'similarity_op';
CREATE FUNCTION word_similarity(text, text) RETURNS real LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'word_similarity';
CREATE FUNCTION word_similarity_op(text, text) RETURNS boolean LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'word_similarity_op';
CREATE FUNCTION word_similarity_commutator_op(text, text) RETURNS boolean LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'word_similarity_commutator_op';
CREATE FUNCTION similarity_dist(text, text) RETURNS real LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'similarity_dist';
CREATE FUNCTION word_similarity_dist_op(text, text) RETURNS real LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'word_similarity_dist_op';
CREATE FUNCTION word_similarity_dist_commutator_op(text, text) RETURNS real LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'word_similarity_dist_commutator_op';
CREATE FUNCTION strict_word_similarity(text, text) RETURNS real LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'strict_word_similarity';
CREATE FUNCTION strict_word_similarity_op(text, text) RETURNS boolean LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'strict_word_similarity_op';
CREATE FUNCTION strict_word_similarity_commutator_op(text, text) RETURNS boolean LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'strict_word_similarity_commutator_op';
CREATE FUNCTION strict_word_similarity_dist_op(text, text) RETURNS real LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'strict_word_similarity_dist_op';
CREATE FUNCTION strict_word_similarity_dist_commutator_op(text, text) RETURNS real LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'strict_word_similarity_dist_commutator_op';

CREATE OPERATOR % (FUNCTION = similarity_op, LEFTARG = text, RIGHTARG = text, COMMUTATOR = %, RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE OPERATOR %> (FUNCTION = word_similarity_commutator_op, LEFTARG = text, RIGHTARG = text, COMMUTATOR = <%, RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE OPERATOR <% (FUNCTION = word_similarity_op, LEFTARG = text, RIGHTARG = text, COMMUTATOR = %>, RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE OPERATOR <-> (FUNCTION = similarity_dist, LEFTARG = text, RIGHTARG = text, COMMUTATOR = <->);
CREATE OPERATOR <->> (FUNCTION = word_similarity_dist_commutator_op, LEFTARG = text, RIGHTARG = text, COMMUTATOR = <<->);
CREATE OPERATOR <<-> (FUNCTION = word_similarity_dist_op, LEFTARG = text, RIGHTARG = text, COMMUTATOR = <->>);
CREATE OPERATOR %>> (FUNCTION = strict_word_similarity_commutator_op, LEFTARG = text, RIGHTARG = text, COMMUTATOR = <<%, RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE OPERATOR <<% (FUNCTION = strict_word_similarity_op, LEFTARG = text, RIGHTARG = text, COMMUTATOR = %>>, RESTRICT = matchingsel, JOIN = matchingjoinsel);
CREATE OPERATOR <->>> (FUNCTION = strict_word_similarity_dist_commutator_op, LEFTARG = text, RIGHTARG = text, COMMUTATOR = <<<->);
CREATE OPERATOR <<<-> (FUNCTION = strict_word_similarity_dist_op, LEFTARG = text, RIGHTARG = text, COMMUTATOR = <->>>);

CREATE TYPE gtrgm (INPUT = gtrgm_in, OUTPUT = gtrgm_out);
CREATE FUNCTION gtrgm_in(cstring) RETURNS gtrgm LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'gtrgm_in';
CREATE FUNCTION gtrgm_out(gtrgm) RETURNS cstring LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'gtrgm_out';

-- The indexes take their values apart by themselves, both methods in the same way, so the classes name their operators and no support functions. Rows come in the order of a distance by a sort.
CREATE OPERATOR CLASS gist_trgm_ops FOR TYPE text USING gist AS
    OPERATOR 1 % (text, text), OPERATOR 2 <-> (text, text) FOR ORDER BY pg_catalog.float_ops,
    OPERATOR 3 ~~ (text, text), OPERATOR 4 ~~* (text, text), OPERATOR 5 ~ (text, text), OPERATOR 6 ~* (text, text),
    OPERATOR 7 %> (text, text), OPERATOR 8 <->> (text, text) FOR ORDER BY pg_catalog.float_ops,
    OPERATOR 9 %>> (text, text), OPERATOR 10 <->>> (text, text) FOR ORDER BY pg_catalog.float_ops,
    OPERATOR 11 = (text, text), STORAGE gtrgm;
CREATE OPERATOR CLASS gin_trgm_ops FOR TYPE text USING gin AS
    OPERATOR 1 % (text, text), OPERATOR 3 ~~ (text, text), OPERATOR 4 ~~* (text, text), OPERATOR 5 ~ (text, text),
    OPERATOR 6 ~* (text, text), OPERATOR 7 %> (text, text), OPERATOR 9 %>> (text, text), OPERATOR 11 = (text, text), STORAGE int4;
