-- Texts and how similar they are. An index by trigrams serves LIKE and ILIKE; for the operators of similarity and for regular expressions it is not used, and GiST has no such index.
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

-- The index takes its values apart by itself, so the class names its operators and no support functions.
CREATE OPERATOR CLASS gin_trgm_ops FOR TYPE text USING gin AS OPERATOR 3 ~~ (text, text), OPERATOR 4 ~~* (text, text), STORAGE int4;
-- Known by name, so that an index with it says that it is not supported.
CREATE OPERATOR CLASS gist_trgm_ops FOR TYPE text USING gist AS OPERATOR 3 ~~ (text, text), OPERATOR 4 ~~* (text, text);
