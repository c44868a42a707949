-- Who asks over HTTP: signing keys, sessions with their refresh tokens, API keys, and the
-- issuers whose tokens are taken. Tables are the server's own; roles see theirs through
-- views, and change them through functions that look at who calls (session_user).

-- Kernels: what needs the server's key or its configuration.
CREATE FUNCTION make_secret(id text DEFAULT NULL, OUT id_of text, OUT secret text, OUT hash bytea) RETURNS record LANGUAGE c VOLATILE AS 'auth_make_secret';
CREATE FUNCTION make_signing_key(algorithm text, OUT kid text, OUT public_key jsonb, OUT private_key bytea) RETURNS record LANGUAGE c STRICT VOLATILE AS 'auth_make_signing_key';
CREATE FUNCTION configured(name text) RETURNS text LANGUAGE c STRICT STABLE AS 'auth_configured';
CREATE FUNCTION all_scopes() RETURNS text[] LANGUAGE c STRICT IMMUTABLE AS 'auth_all_scopes';
REVOKE ALL ON FUNCTION make_secret(text), make_signing_key(text), configured(text) FROM PUBLIC;

CREATE TABLE signing_key (
    kid text PRIMARY KEY,
    algorithm text NOT NULL CHECK (algorithm IN ('EdDSA', 'ES256')),
    state text NOT NULL CHECK (state IN ('standby', 'current', 'previous', 'revoked')),
    public_key jsonb NOT NULL,
    -- Sealed with a key of the server; gone once nothing is signed with it.
    private_key bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    activated_at timestamptz,
    retired_at timestamptz,
    revoked_at timestamptz
);
CREATE UNIQUE INDEX signing_key_in_use ON signing_key (state) WHERE state IN ('standby', 'current');

CREATE TABLE session (
    id uuid PRIMARY KEY,
    role regrole NOT NULL,
    -- NULL is all.
    scopes text[],
    address inet,
    user_agent text,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_for text
);
CREATE INDEX session_role ON session (role, created_at);
CREATE INDEX session_expires ON session (expires_at);

-- A family of refresh tokens is a session; one of them is not used yet.
CREATE TABLE refresh_token (
    hash bytea PRIMARY KEY,
    session uuid NOT NULL REFERENCES session ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX refresh_token_session ON refresh_token (session);
CREATE INDEX refresh_token_expires ON refresh_token (expires_at);

CREATE TABLE api_key (
    id text PRIMARY KEY,
    role regrole NOT NULL,
    name text NOT NULL CHECK (name <> '' AND length(name) <= 200),
    scopes text[],
    hash bytea NOT NULL,
    -- The secret before the last rotation, as long as it is taken too.
    previous_hash bytea,
    previous_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    rotated_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    last_address inet
);
CREATE INDEX api_key_role ON api_key (role, created_at);

CREATE TABLE issuer (
    issuer text PRIMARY KEY CHECK (issuer <> '' AND length(issuer) <= 1000),
    audience text[] NOT NULL CHECK (cardinality(audience) > 0),
    -- Where its keys are, or the keys; neither: where its OpenID configuration says.
    jwks_url text,
    jwks jsonb CHECK (jwks IS NULL OR jwks_url IS NULL),
    -- The claim that says the role, a dot between the names of what is nested.
    role_claim text NOT NULL CHECK (role_claim <> ''),
    scopes text[],
    created_at timestamptz NOT NULL DEFAULT now()
);
-- Which values of the claim are which roles; '*' is every value.
CREATE TABLE issuer_role (
    issuer text NOT NULL REFERENCES issuer ON DELETE CASCADE,
    value text NOT NULL,
    role regrole NOT NULL,
    PRIMARY KEY (issuer, value)
);
-- Sessions, keys and tokens are this database's alone.
SELECT pg_catalog.pg_extension_config_dump('issuer', '');
SELECT pg_catalog.pg_extension_config_dump('issuer_role', '');

-- What is proved of the present session.

-- Every name says its schema: the search_path of who calls must not say what they are.
CREATE FUNCTION claims() RETURNS jsonb LANGUAGE sql STABLE AS
    $$SELECT CASE WHEN pg_catalog.length(pg_catalog.current_setting('zserver.claims')) OPERATOR(pg_catalog.>) 0
        THEN pg_catalog.current_setting('zserver.claims')::pg_catalog.jsonb END$$;
CREATE FUNCTION scopes() RETURNS text[] LANGUAGE sql STABLE AS
    $$SELECT pg_catalog.string_to_array(pg_catalog.current_setting('zserver.scopes'), ',')$$;
CREATE FUNCTION session_id() RETURNS uuid LANGUAGE sql STABLE AS
    $$SELECT CASE WHEN pg_catalog.length(pg_catalog.current_setting('zserver.session')) OPERATOR(pg_catalog.>) 0
        THEN pg_catalog.current_setting('zserver.session')::pg_catalog.uuid END$$;

-- What roles see.

CREATE VIEW sessions WITH (security_barrier) AS
    SELECT s.id, s.role, s.scopes, s.address, s.user_agent, s.created_at, s.last_seen_at,
        s.expires_at, s.revoked_at, s.revoked_for,
        s.id::text = current_setting('zserver.session') AS is_current
    FROM auth.session s JOIN pg_catalog.pg_roles r ON r.oid = s.role::oid
    WHERE pg_has_role(r.oid, 'MEMBER');

CREATE VIEW api_keys WITH (security_barrier) AS
    SELECT k.id, k.role, k.name, k.scopes, k.created_at, k.expires_at, k.rotated_at,
        k.previous_until, k.revoked_at, k.last_used_at, k.last_address
    FROM auth.api_key k JOIN pg_catalog.pg_roles r ON r.oid = k.role::oid
    WHERE pg_has_role(r.oid, 'MEMBER');

CREATE VIEW signing_keys AS
    SELECT kid, algorithm, state, public_key, created_at, activated_at, retired_at, revoked_at
    FROM auth.signing_key;

CREATE VIEW issuers AS
    SELECT i.issuer, i.audience, i.jwks_url, i.jwks IS NOT NULL AS has_jwks, i.role_claim, i.scopes,
        (SELECT jsonb_object_agg(m.value, m.role::text) FROM auth.issuer_role m WHERE m.issuer = i.issuer) AS roles,
        i.created_at
    FROM auth.issuer i;

GRANT USAGE ON SCHEMA auth TO PUBLIC;
GRANT SELECT ON sessions, api_keys, signing_keys TO PUBLIC;

-- What outlives the proof it is made by, or ends others, is for proofs of the scope "admin",
-- over HTTP and in SQL.
CREATE FUNCTION check_admin() RETURNS void LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, auth, pg_temp AS $$
BEGIN
    IF NOT 'admin' = ANY (scopes()) THEN
        RAISE insufficient_privilege USING MESSAGE = 'the scope "admin" is needed';
    END IF;
END $$;

-- API keys.

CREATE FUNCTION check_role(wanted oid) RETURNS void LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, auth, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE oid = wanted) THEN
        RAISE undefined_object USING MESSAGE = format('role with OID %s does not exist', wanted);
    END IF;
    IF NOT pg_has_role(session_user, wanted, 'MEMBER') THEN
        RAISE insufficient_privilege USING
            MESSAGE = format('must be member of role "%s"', pg_get_userbyid(wanted));
    END IF;
END $$;

-- The scopes to store: nobody hands on what it does not have. NULL is all.
CREATE FUNCTION check_scopes(wanted text[]) RETURNS text[] LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, auth, pg_temp AS $$
DECLARE
    unknown text;
BEGIN
    PERFORM check_admin();
    IF wanted IS NULL THEN
        RETURN CASE WHEN scopes() @> all_scopes() THEN NULL ELSE scopes() END;
    END IF;
    SELECT s INTO unknown FROM unnest(wanted) s WHERE s IS NULL OR s <> ALL (all_scopes()) LIMIT 1;
    IF FOUND THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('unknown scope "%s"', unknown),
            HINT = format('Scopes are %s.', array_to_string(all_scopes(), ', '));
    END IF;
    IF cardinality(wanted) = 0 THEN
        RAISE invalid_parameter_value USING MESSAGE = 'at least one scope is needed';
    END IF;
    IF NOT wanted <@ scopes() THEN
        RAISE insufficient_privilege USING MESSAGE = 'a scope cannot be given by who does not have it';
    END IF;
    RETURN wanted;
END $$;

CREATE FUNCTION create_api_key(name text, role regrole DEFAULT NULL, scopes text[] DEFAULT NULL,
    expires_at timestamptz DEFAULT NULL, OUT id text, OUT secret text)
    RETURNS record LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, auth, pg_temp AS $$
#variable_conflict use_column
DECLARE
    owner oid := coalesce(create_api_key.role::oid, (SELECT r.oid FROM pg_roles r WHERE r.rolname = session_user));
    most bigint := configured('auth_max_api_keys');
    made record;
    given text[];
BEGIN
    PERFORM check_role(owner);
    given := check_scopes(create_api_key.scopes);
    IF create_api_key.expires_at <= now() THEN
        RAISE invalid_parameter_value USING MESSAGE = 'an API key cannot expire in the past';
    END IF;
    -- Two at a time must not both be the last one that there is room for.
    PERFORM pg_advisory_xact_lock('auth.api_key'::regclass::oid::int, owner::int);
    IF (SELECT count(*) FROM api_key k WHERE k.role = owner::regrole AND k.revoked_at IS NULL) >= most THEN
        RAISE configuration_limit_exceeded USING
            MESSAGE = format('a role has at most %s API keys ("auth_max_api_keys")', most);
    END IF;
    made := make_secret();
    INSERT INTO api_key (id, role, name, scopes, hash, expires_at)
        VALUES (made.id_of, owner::regrole, create_api_key.name, given, made.hash, create_api_key.expires_at);
    create_api_key.id := made.id_of;
    create_api_key.secret := made.secret;
    PERFORM zserver_audit_event('create_api_key', format('%s of %s', made.id_of, owner::regrole));
END $$;

-- The API key of an id, if it is the caller's to change.
CREATE FUNCTION own_api_key(wanted text) RETURNS boolean LANGUAGE plpgsql
    SET search_path = pg_catalog, auth, pg_temp AS $$
DECLARE
    found_key api_key;
BEGIN
    SELECT * INTO found_key FROM api_key k WHERE k.id = wanted AND k.revoked_at IS NULL FOR UPDATE;
    RETURN FOUND AND pg_has_role(session_user, found_key.role::oid, 'MEMBER');
END $$;

CREATE FUNCTION rotate_api_key(id text, grace interval DEFAULT '24 hours') RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, auth, pg_temp AS $$
#variable_conflict use_column
DECLARE
    made record;
BEGIN
    IF NOT own_api_key(rotate_api_key.id) THEN
        RAISE undefined_object USING MESSAGE = format('API key "%s" does not exist', rotate_api_key.id);
    END IF;
    IF grace < interval '0' THEN
        RAISE invalid_parameter_value USING MESSAGE = 'the time of grace cannot be negative';
    END IF;
    -- What a key may do, whoever rotates it has to have.
    PERFORM check_scopes(coalesce((SELECT k.scopes FROM api_key k WHERE k.id = rotate_api_key.id), all_scopes()));
    made := make_secret(rotate_api_key.id);
    UPDATE api_key k SET hash = made.hash, rotated_at = now(),
        previous_hash = CASE WHEN grace > interval '0' THEN k.hash END,
        previous_until = CASE WHEN grace > interval '0' THEN now() + grace END
        WHERE k.id = rotate_api_key.id;
    PERFORM zserver_audit_event('rotate_api_key', rotate_api_key.id);
    RETURN made.secret;
END $$;

CREATE FUNCTION revoke_api_key(id text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, auth, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM check_admin();
    IF NOT own_api_key(revoke_api_key.id) THEN
        RETURN false;
    END IF;
    UPDATE api_key k SET revoked_at = now(), previous_hash = NULL, previous_until = NULL
        WHERE k.id = revoke_api_key.id;
    PERFORM zserver_audit_event('revoke_api_key', revoke_api_key.id);
    RETURN true;
END $$;

-- Sessions.

-- Whoever has a session may end it, whatever its scopes are.
CREATE FUNCTION revoke_session(id uuid) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, auth, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF revoke_session.id IS DISTINCT FROM session_id() THEN
        PERFORM check_admin();
    END IF;
    UPDATE session s SET revoked_at = now(), revoked_for = 'logout'
        WHERE s.id = revoke_session.id AND s.revoked_at IS NULL
            AND EXISTS (SELECT FROM pg_roles r WHERE r.oid = s.role::oid)
            AND pg_has_role(session_user, s.role::oid, 'MEMBER');
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM zserver_audit_event('revoke_session', revoke_session.id::text);
    RETURN true;
END $$;

-- All of a role (one's own, unless it is named); how many they were.
CREATE FUNCTION revoke_sessions(role regrole DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, auth, pg_temp AS $$
#variable_conflict use_column
DECLARE
    owner oid := coalesce(revoke_sessions.role::oid, (SELECT r.oid FROM pg_roles r WHERE r.rolname = session_user));
    revoked bigint;
BEGIN
    PERFORM check_admin();
    PERFORM check_role(owner);
    UPDATE session s SET revoked_at = now(), revoked_for = 'logout'
        WHERE s.role = owner::regrole AND s.revoked_at IS NULL;
    GET DIAGNOSTICS revoked = ROW_COUNT;
    PERFORM zserver_audit_event('revoke_sessions', format('%s of %s', revoked, owner::regrole));
    RETURN revoked;
END $$;

-- Signing keys: standby → current → previous → revoked.

CREATE FUNCTION rotate_keys(algorithm text DEFAULT NULL) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, auth, pg_temp AS $$
#variable_conflict use_column
DECLARE
    chosen text := coalesce(rotate_keys.algorithm, configured('auth_signing_algorithm'));
    -- As long as a token of a key may be valid.
    lifetime interval := make_interval(secs => configured('auth_token_lifetime')::float8 + configured('auth_clock_skew')::float8);
    made record;
    signs text;
BEGIN
    IF chosen NOT IN ('EdDSA', 'ES256') THEN
        RAISE invalid_parameter_value USING MESSAGE = format('unknown algorithm "%s"', chosen),
            HINT = 'Algorithms are EdDSA and ES256.';
    END IF;
    LOCK TABLE signing_key IN SHARE ROW EXCLUSIVE MODE;
    UPDATE signing_key k SET state = 'revoked', revoked_at = now()
        WHERE k.state = 'previous' AND k.retired_at < now() - lifetime;
    UPDATE signing_key k SET state = 'previous', retired_at = now(), private_key = NULL
        WHERE k.state = 'current';
    UPDATE signing_key k SET state = 'revoked', revoked_at = now(), private_key = NULL
        WHERE k.state = 'standby' AND k.algorithm <> chosen;
    UPDATE signing_key k SET state = 'current', activated_at = now()
        WHERE k.state = 'standby' RETURNING k.kid INTO signs;
    IF signs IS NULL THEN
        made := make_signing_key(chosen);
        signs := made.kid;
        INSERT INTO signing_key (kid, algorithm, state, public_key, private_key, activated_at)
            VALUES (made.kid, chosen, 'current', made.public_key, made.private_key, now());
    END IF;
    made := make_signing_key(chosen);
    INSERT INTO signing_key (kid, algorithm, state, public_key, private_key)
        VALUES (made.kid, chosen, 'standby', made.public_key, made.private_key);
    PERFORM zserver_audit_event('rotate_keys', signs);
    RETURN signs;
END $$;

-- At once: its tokens are not taken any more. Another one signs.
CREATE FUNCTION revoke_key(kid text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, auth, pg_temp AS $$
#variable_conflict use_column
DECLARE
    before text;
BEGIN
    LOCK TABLE signing_key IN SHARE ROW EXCLUSIVE MODE;
    SELECT k.state INTO before FROM signing_key k WHERE k.kid = revoke_key.kid AND k.state <> 'revoked';
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF before IN ('current', 'standby') THEN
        PERFORM rotate_keys();
        -- A standby key has become the current one.
        IF before = 'standby' THEN
            PERFORM rotate_keys();
        END IF;
    END IF;
    UPDATE signing_key k SET state = 'revoked', revoked_at = now(), private_key = NULL
        WHERE k.kid = revoke_key.kid;
    PERFORM zserver_audit_event('revoke_key', revoke_key.kid);
    RETURN true;
END $$;

-- Issuers.

CREATE FUNCTION create_issuer(issuer text, audience text[], jwks_url text DEFAULT NULL, jwks jsonb DEFAULT NULL,
    role_claim text DEFAULT 'role', scopes text[] DEFAULT NULL) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, auth, pg_temp AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO issuer (issuer, audience, jwks_url, jwks, role_claim, scopes)
        VALUES (create_issuer.issuer, create_issuer.audience, create_issuer.jwks_url, create_issuer.jwks,
            create_issuer.role_claim, check_scopes(create_issuer.scopes));
    PERFORM zserver_audit_event('create_issuer', create_issuer.issuer);
END $$;

CREATE FUNCTION drop_issuer(issuer text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, auth, pg_temp AS $$
#variable_conflict use_column
BEGIN
    DELETE FROM issuer i WHERE i.issuer = drop_issuer.issuer;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM zserver_audit_event('drop_issuer', drop_issuer.issuer);
    RETURN true;
END $$;

CREATE FUNCTION map_role(issuer text, value text, role regrole) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, auth, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM check_role(map_role.role::oid);
    INSERT INTO issuer_role AS m (issuer, value, role) VALUES (map_role.issuer, map_role.value, map_role.role)
        ON CONFLICT (issuer, value) DO UPDATE SET role = excluded.role;
    PERFORM zserver_audit_event('map_role', format('%s: %s is %s', map_role.issuer, map_role.value, map_role.role));
END $$;

CREATE FUNCTION unmap_role(issuer text, value text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, auth, pg_temp AS $$
#variable_conflict use_column
BEGIN
    DELETE FROM issuer_role m WHERE m.issuer = unmap_role.issuer AND m.value = unmap_role.value;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM zserver_audit_event('unmap_role', format('%s: %s', unmap_role.issuer, unmap_role.value));
    RETURN true;
END $$;

-- The server's own steps.

-- The key that signs now; made, or changed for the next one, where that is due.
CREATE FUNCTION signing_key_now(OUT kid text, OUT algorithm text, OUT private_key bytea) RETURNS record
    LANGUAGE plpgsql SET search_path = pg_catalog, auth, pg_temp AS $$
#variable_conflict use_column
DECLARE
    age float8 := configured('auth_key_rotation');
    found_key signing_key;
BEGIN
    SELECT * INTO found_key FROM signing_key k WHERE k.state = 'current';
    IF NOT FOUND OR age > 0 AND found_key.activated_at < now() - make_interval(secs => age) THEN
        LOCK TABLE signing_key IN SHARE ROW EXCLUSIVE MODE;
        SELECT * INTO found_key FROM signing_key k WHERE k.state = 'current';
        -- Somebody else may have been faster.
        IF NOT FOUND OR age > 0 AND found_key.activated_at < now() - make_interval(secs => age) THEN
            PERFORM rotate_keys();
            SELECT * INTO found_key FROM signing_key k WHERE k.state = 'current';
        END IF;
    END IF;
    signing_key_now.kid := found_key.kid;
    signing_key_now.algorithm := found_key.algorithm;
    signing_key_now.private_key := found_key.private_key;
END $$;

-- Gives up keys that this server cannot open: those of another server or database.
CREATE FUNCTION discard_keys() RETURNS void LANGUAGE plpgsql
    SET search_path = pg_catalog, auth, pg_temp AS $$
BEGIN
    LOCK TABLE signing_key IN SHARE ROW EXCLUSIVE MODE;
    UPDATE signing_key k SET state = 'revoked', revoked_at = now(), private_key = NULL WHERE k.state <> 'revoked';
END $$;

CREATE FUNCTION begin_session(id uuid, role oid, scopes text[], address inet, user_agent text, hash bytea) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, auth, pg_temp AS $$
#variable_conflict use_column
DECLARE
    expires timestamptz := now() + make_interval(secs => configured('auth_refresh_lifetime')::float8);
    most bigint := configured('auth_max_sessions');
BEGIN
    INSERT INTO session (id, role, scopes, address, user_agent, expires_at)
        VALUES (begin_session.id, begin_session.role::regrole, begin_session.scopes, begin_session.address,
            left(begin_session.user_agent, 500), expires);
    INSERT INTO refresh_token (hash, session, expires_at) VALUES (begin_session.hash, begin_session.id, expires);
    -- Of more than a role may have, the oldest end; of those that were revoked, as many are kept.
    DELETE FROM session s WHERE s.id IN (SELECT o.id FROM session o
        WHERE o.role = begin_session.role::regrole AND o.revoked_at IS NULL AND o.expires_at > now()
        ORDER BY o.created_at DESC, o.id LIMIT 1000 OFFSET most);
    DELETE FROM session s WHERE s.id IN (SELECT o.id FROM session o
        WHERE o.role = begin_session.role::regrole AND (o.revoked_at IS NOT NULL OR o.expires_at <= now())
        ORDER BY o.created_at DESC, o.id LIMIT 1000 OFFSET most);
END $$;

-- A refresh token for a new one. What is wrong is told as an outcome, not raised: a reuse
-- that is found out has to be committed.
CREATE FUNCTION refresh(hash bytea, next bytea, address inet, user_agent text,
    OUT outcome text, OUT session_id uuid, OUT role oid, OUT scopes text[]) RETURNS record
    LANGUAGE plpgsql SET search_path = pg_catalog, auth, pg_temp AS $$
#variable_conflict use_column
DECLARE
    expires timestamptz := now() + make_interval(secs => configured('auth_refresh_lifetime')::float8);
    -- Used tokens of one session that are remembered; the reuse of an older one ends nothing.
    used_max constant bigint := 1000;
    token refresh_token;
    family session;
BEGIN
    SELECT * INTO token FROM refresh_token t WHERE t.hash = refresh.hash FOR UPDATE;
    IF NOT FOUND THEN
        outcome := 'unknown';
        RETURN;
    END IF;
    SELECT * INTO family FROM session s WHERE s.id = token.session FOR UPDATE;
    IF NOT FOUND OR family.revoked_at IS NOT NULL THEN
        outcome := 'revoked';
    ELSIF token.used_at IS NOT NULL THEN
        UPDATE session s SET revoked_at = now(), revoked_for = 'reuse of a refresh token' WHERE s.id = family.id;
        outcome := 'reused';
    ELSIF token.expires_at <= now() OR family.expires_at <= now() THEN
        outcome := 'expired';
    ELSE
        UPDATE refresh_token t SET used_at = now() WHERE t.hash = refresh.hash;
        INSERT INTO refresh_token (hash, session, expires_at) VALUES (next, family.id, expires);
        UPDATE session s SET expires_at = expires, last_seen_at = now(), address = refresh.address,
            user_agent = left(refresh.user_agent, 500) WHERE s.id = family.id;
        DELETE FROM refresh_token t WHERE t.hash IN (SELECT o.hash FROM refresh_token o
            WHERE o.session = family.id AND o.used_at IS NOT NULL
            ORDER BY o.used_at DESC, o.hash LIMIT 1000 OFFSET used_max);
        outcome := 'refreshed';
    END IF;
    session_id := family.id;
    refresh.role := family.role::oid;
    refresh.scopes := family.scopes;
END $$;

-- Ends the session of a refresh token, whether or not that was used; false if there is none.
CREATE FUNCTION revoke_refresh_token(hash bytea) RETURNS boolean
    LANGUAGE plpgsql SET search_path = pg_catalog, auth, pg_temp AS $$
BEGIN
    UPDATE session s SET revoked_at = coalesce(s.revoked_at, now()), revoked_for = coalesce(s.revoked_for, 'logout')
        FROM refresh_token t WHERE t.hash = revoke_refresh_token.hash AND s.id = t.session;
    RETURN FOUND;
END $$;

CREATE FUNCTION touch_session(id uuid, address inet) RETURNS void LANGUAGE sql
    SET search_path = pg_catalog, auth, pg_temp AS
    $$UPDATE session s SET last_seen_at = now(), address = $2 WHERE s.id = $1 AND s.last_seen_at < now() - interval '30 seconds'$$;
CREATE FUNCTION touch_api_key(id text, address inet) RETURNS void LANGUAGE sql
    SET search_path = pg_catalog, auth, pg_temp AS
    $$UPDATE api_key k SET last_used_at = now(), last_address = $2 WHERE k.id = $1 AND coalesce(k.last_used_at < now() - interval '30 seconds', true)$$;

-- Removes what is over: sessions after a day, keys after a month; at most so many of each.
CREATE FUNCTION purge(most integer DEFAULT 1000) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, auth, pg_temp AS $$
#variable_conflict use_column
DECLARE
    removed bigint;
    total bigint := 0;
BEGIN
    DELETE FROM refresh_token t WHERE t.hash IN
        (SELECT o.hash FROM refresh_token o WHERE o.expires_at < now() LIMIT most);
    GET DIAGNOSTICS removed = ROW_COUNT;
    total := total + removed;
    DELETE FROM session s WHERE s.id IN
        (SELECT o.id FROM session o WHERE least(o.expires_at, o.revoked_at) < now() - interval '1 day' LIMIT most);
    GET DIAGNOSTICS removed = ROW_COUNT;
    total := total + removed;
    DELETE FROM api_key k WHERE k.id IN
        (SELECT o.id FROM api_key o WHERE least(o.revoked_at, o.expires_at) < now() - interval '30 days' LIMIT most);
    GET DIAGNOSTICS removed = ROW_COUNT;
    total := total + removed;
    DELETE FROM signing_key k WHERE k.state = 'revoked' AND k.revoked_at < now() - interval '30 days';
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN total + removed;
END $$;

REVOKE ALL ON FUNCTION check_admin(), check_role(oid), check_scopes(text[]), own_api_key(text), rotate_keys(text), revoke_key(text),
    create_issuer(text, text[], text, jsonb, text, text[]), drop_issuer(text), map_role(text, text, regrole),
    unmap_role(text, text), signing_key_now(), discard_keys(), begin_session(uuid, oid, text[], inet, text, bytea),
    refresh(bytea, bytea, inet, text), revoke_refresh_token(bytea), touch_session(uuid, inet),
    touch_api_key(text, inet), purge(integer) FROM PUBLIC;
