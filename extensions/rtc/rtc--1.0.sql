-- Rooms. A row of rtc.rooms says what a room is like and whose it is; rtc.grants who else may be in
-- it and do what; who shows a token of rtc.issue_token, or one that an application has signed with a
-- key of rtc.create_key, joins as a role of this database and may no more than that role.
--
--   rtc.rooms ◀── rtc.grants            set up by roles, as far as policies let them
--   rtc.participants ◀── rtc.tracks     what is alive, kept by the server
--   rtc.events                          what has happened, kept by the server: events.watch('rtc.events')
--   rtc.recordings                      asked for by roles, made by the server
--   rtc.playbacks                       recordings that are played into rooms: asked for by roles, played by the server
--   rtc.quality                         how good calls were, kept by the server

-- Kernels: what needs the server's key, or what is alive.
CREATE FUNCTION rtc.make_key(OUT id text, OUT secret text, OUT sealed bytea) RETURNS record LANGUAGE c VOLATILE AS 'rtc_make_key';
-- NULL where the secret is not one of this server and database.
CREATE FUNCTION rtc.sign(id text, sealed bytea, claims jsonb) RETURNS text LANGUAGE c STRICT VOLATILE AS 'rtc_sign';
-- Whether a track is published in a room now: rtc.tracks follows a moment later.
CREATE FUNCTION rtc.is_live(room text, track text) RETURNS boolean LANGUAGE c STRICT VOLATILE AS 'rtc_is_live';
REVOKE ALL ON FUNCTION rtc.make_key(), rtc.sign(text, bytea, jsonb), rtc.is_live(text, text) FROM PUBLIC;

CREATE TABLE rtc.rooms (
    name text PRIMARY KEY CHECK (name <> '' AND octet_length(name) <= 255),
    -- Whose it is: its members moderate it.
    role regrole NOT NULL DEFAULT quote_ident(current_user)::regrole,
    metadata text NOT NULL DEFAULT '' CHECK (octet_length(metadata) <= 65536),
    -- 0 is what the server allows, here and in the next two.
    max_participants integer NOT NULL DEFAULT 0 CHECK (max_participants >= 0),
    max_message_bytes integer NOT NULL DEFAULT 0 CHECK (max_message_bytes >= 0),
    messages_per_second integer NOT NULL DEFAULT 0 CHECK (messages_per_second >= 0),
    -- How long it stays open if nobody comes, and after everybody has left.
    empty_timeout_ms bigint NOT NULL DEFAULT 300000 CHECK (empty_timeout_ms BETWEEN 0 AND 2592000000),
    departure_timeout_ms bigint NOT NULL DEFAULT 20000 CHECK (departure_timeout_ms BETWEEN 0 AND 2592000000),
    -- Only those who moderate it come in.
    is_locked boolean NOT NULL DEFAULT false,
    -- The row goes when the room closes; otherwise it is open again when somebody comes.
    is_ephemeral boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- What members of a role may do in a room; 0 ('-') is every role.
CREATE TABLE rtc.grants (
    room text NOT NULL REFERENCES rtc.rooms ON DELETE CASCADE,
    role regrole NOT NULL,
    can_publish boolean NOT NULL DEFAULT true,
    -- NULL is all.
    sources text[] CHECK (sources <@ ARRAY['unknown', 'camera', 'microphone', 'screen_share', 'screen_share_audio']),
    can_subscribe boolean NOT NULL DEFAULT true,
    can_publish_data boolean NOT NULL DEFAULT true,
    can_record boolean NOT NULL DEFAULT false,
    is_admin boolean NOT NULL DEFAULT false,
    PRIMARY KEY (room, role)
);

CREATE TABLE rtc.participants (
    sid text PRIMARY KEY,
    room text NOT NULL,
    identity text NOT NULL,
    name text NOT NULL,
    -- Whose rights it has.
    role text NOT NULL,
    metadata text NOT NULL,
    attributes jsonb NOT NULL,
    permission jsonb NOT NULL,
    is_admin boolean NOT NULL,
    is_hidden boolean NOT NULL,
    state text NOT NULL,
    joined_at timestamptz NOT NULL
);
CREATE INDEX participants_room ON rtc.participants (room, identity);

CREATE TABLE rtc.tracks (
    sid text PRIMARY KEY,
    participant text NOT NULL REFERENCES rtc.participants ON DELETE CASCADE,
    room text NOT NULL,
    identity text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    source text NOT NULL,
    mime text NOT NULL,
    is_muted boolean NOT NULL,
    -- In per cent.
    volume integer NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL
);
CREATE INDEX tracks_participant ON rtc.tracks (participant);

CREATE TABLE rtc.events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    room text NOT NULL,
    -- Whose the room was, so that its members see what it was like after it has gone.
    role regrole,
    happened text NOT NULL,
    identity text NOT NULL,
    -- The sid of the participant, or of the room.
    sid text NOT NULL,
    track text,
    detail jsonb
);
CREATE INDEX events_room ON rtc.events (room, id);

-- Recordings: asked for by rtc.start_recording, made by the server, stored as a file of a bucket with the
-- rights of "role".
--   requested ──▶ recording ──▶ completed, or failed
CREATE TABLE rtc.recordings (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    room text NOT NULL,
    role regrole NOT NULL,
    -- The sid of a track; NULL is all of the room.
    track text,
    state text NOT NULL DEFAULT 'requested' CHECK (state IN ('requested', 'recording', 'completed', 'failed')),
    bucket text NOT NULL,
    name text,
    asked_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    stop_asked_at timestamptz,
    ended_at timestamptz,
    -- NULL where it was recovered.
    duration_ms bigint,
    size bigint,
    content_type text,
    -- [{"identity", "track", "name", "mime", "frames"}]
    tracks jsonb,
    -- Why it has failed; of one that is completed, which limit has ended it.
    error text,
    -- The server had ended meanwhile: what there was up to the last second.
    is_recovered boolean NOT NULL DEFAULT false
);
CREATE INDEX recordings_room ON rtc.recordings (room, asked_at);
CREATE INDEX recordings_alive ON rtc.recordings (asked_at) WHERE state IN ('requested', 'recording');

-- Playbacks into rooms: asked for by rtc.start_playback, played by the server with the rights of "role".
--   requested ──▶ playing ──▶ completed, or failed
CREATE TABLE rtc.playbacks (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    room text NOT NULL,
    role regrole NOT NULL,
    recording uuid NOT NULL,
    -- As whom it is in the room.
    identity text NOT NULL,
    state text NOT NULL DEFAULT 'requested' CHECK (state IN ('requested', 'playing', 'completed', 'failed')),
    start_ms bigint NOT NULL DEFAULT 0 CHECK (start_ms >= 0),
    is_paused boolean NOT NULL DEFAULT false,
    -- How often another place was asked for, and which one last.
    places integer NOT NULL DEFAULT 0,
    place_ms bigint CHECK (place_ms >= 0),
    asked_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    stop_asked_at timestamptz,
    ended_at timestamptz,
    -- Where it has ended.
    position_ms bigint,
    -- Why it has failed; of one that is completed, why it was not played to its end.
    error text
);
CREATE INDEX playbacks_room ON rtc.playbacks (room, asked_at);
CREATE INDEX playbacks_alive ON rtc.playbacks (asked_at) WHERE state IN ('requested', 'playing');

-- How good calls were: of each track, and (track is NULL) of all that a participant is sent. A row every
-- ten seconds, and whenever the rating changes.
CREATE TABLE rtc.quality (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    room text NOT NULL,
    identity text NOT NULL,
    participant text NOT NULL,
    track text,
    rating text NOT NULL,
    -- The one before, where it has changed.
    before text,
    -- From 0 to 100.
    score real NOT NULL,
    -- From 0 to 1.
    loss real NOT NULL,
    jitter_ms real NOT NULL,
    round_trip_ms real,
    -- Bits in a second.
    bitrate bigint NOT NULL,
    -- Since the track began.
    freezes bigint NOT NULL,
    freeze_ms bigint NOT NULL
);
CREATE INDEX quality_room ON rtc.quality (room, id);

-- What applications sign tokens with; the one without a role is the server's own.
CREATE TABLE rtc.key (
    id text PRIMARY KEY,
    role regrole,
    name text NOT NULL DEFAULT '' CHECK (length(name) <= 200),
    -- Sealed with a key of the server.
    secret bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
CREATE INDEX key_role ON rtc.key (role);

-- Tokens that are good for once, and were; and who was removed: tokens from before are over.
CREATE TABLE rtc.used_token (id text PRIMARY KEY, expires_at timestamptz NOT NULL);
CREATE INDEX used_token_expires ON rtc.used_token (expires_at);
CREATE TABLE rtc.removal (room text NOT NULL, identity text NOT NULL, at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (room, identity));
CREATE INDEX removal_at ON rtc.removal (at);

-- Keys, tokens and what is alive are this server's.
SELECT pg_catalog.pg_extension_config_dump('rooms', 'WHERE NOT is_ephemeral');
SELECT pg_catalog.pg_extension_config_dump('grants', 'WHERE room IN (SELECT name FROM rtc.rooms WHERE NOT is_ephemeral)');

-- Who has logged in: not the owner of a function that it calls.
CREATE FUNCTION rtc.caller() RETURNS name LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS 'SELECT session_user';

-- What a role may do in a room: of its own, or what all grants that it has allow together. No row where
-- it may nothing, or there is no such room.
CREATE FUNCTION rtc.rights_of(room text, who name, OUT is_admin boolean, OUT can_publish boolean, OUT sources text[],
    OUT can_subscribe boolean, OUT can_publish_data boolean, OUT can_record boolean) RETURNS SETOF record
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, rtc, pg_temp AS $$
#variable_conflict use_column
DECLARE
    owner regrole;
    given bigint;
BEGIN
    SELECT r.role INTO owner FROM rooms r WHERE r.name = rights_of.room;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    -- A role that was dropped has no members.
    IF EXISTS (SELECT FROM pg_roles p WHERE p.oid = owner::oid) AND pg_has_role(rights_of.who, owner::oid, 'USAGE') THEN
        is_admin := true; can_publish := true; sources := NULL; can_subscribe := true; can_publish_data := true; can_record := true;
        RETURN NEXT;
        RETURN;
    END IF;
    SELECT count(*), bool_or(g.is_admin), bool_or(g.can_publish OR g.is_admin), bool_or(g.can_subscribe), bool_or(g.can_publish_data), bool_or(g.can_record),
            CASE WHEN bool_or(g.can_publish AND g.sources IS NULL) THEN NULL
                ELSE (SELECT array_agg(DISTINCT s) FROM grants h, unnest(h.sources) s WHERE h.room = rights_of.room AND h.can_publish
                    AND (h.role::oid = 0 OR EXISTS (SELECT FROM pg_roles p WHERE p.oid = h.role::oid) AND pg_has_role(rights_of.who, h.role::oid, 'USAGE'))) END
        INTO given, is_admin, can_publish, can_subscribe, can_publish_data, can_record, sources
        FROM grants g WHERE g.room = rights_of.room
            AND (g.role::oid = 0 OR EXISTS (SELECT FROM pg_roles p WHERE p.oid = g.role::oid) AND pg_has_role(rights_of.who, g.role::oid, 'USAGE'));
    IF given > 0 THEN
        RETURN NEXT;
    END IF;
END $$;

CREATE FUNCTION rtc.may_see(room text, who name) RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS
    'SELECT EXISTS (SELECT FROM rtc.rights_of(may_see.room, may_see.who))';
CREATE FUNCTION rtc.is_admin(room text, who name) RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS
    'SELECT EXISTS (SELECT FROM rtc.rights_of(is_admin.room, is_admin.who) r WHERE r.is_admin)';
-- The same of who asks.
CREATE FUNCTION rtc.my_rights(room text, OUT is_admin boolean, OUT can_publish boolean, OUT sources text[], OUT can_subscribe boolean,
    OUT can_publish_data boolean, OUT can_record boolean) RETURNS SETOF record LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS
    'SELECT r.is_admin, r.can_publish, r.sources, r.can_subscribe, r.can_publish_data, r.can_record FROM rtc.rights_of(my_rights.room, current_user) r';

ALTER TABLE rtc.rooms ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON rtc.rooms USING (pg_has_role(role::oid, 'USAGE')) WITH CHECK (pg_has_role(role::oid, 'USAGE'));
CREATE POLICY seen ON rtc.rooms FOR SELECT USING (rtc.may_see(name, current_user));
CREATE POLICY moderated ON rtc.rooms FOR UPDATE USING (rtc.is_admin(name, current_user)) WITH CHECK (rtc.is_admin(name, current_user));
ALTER TABLE rtc.grants ENABLE ROW LEVEL SECURITY;
CREATE POLICY moderated ON rtc.grants USING (rtc.is_admin(room, current_user)) WITH CHECK (rtc.is_admin(room, current_user));
ALTER TABLE rtc.participants ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON rtc.participants FOR SELECT USING (CASE WHEN is_hidden THEN rtc.is_admin(room, current_user) ELSE rtc.may_see(room, current_user) END);
ALTER TABLE rtc.tracks ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON rtc.tracks FOR SELECT USING (rtc.may_see(room, current_user));
ALTER TABLE rtc.events ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON rtc.events FOR SELECT USING (EXISTS (SELECT FROM pg_catalog.pg_roles p WHERE p.oid = role::oid AND pg_has_role(p.oid, 'USAGE')));
CREATE POLICY seen ON rtc.events FOR SELECT USING (rtc.may_see(room, current_user));
ALTER TABLE rtc.recordings ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON rtc.recordings FOR SELECT USING (EXISTS (SELECT FROM pg_catalog.pg_roles p WHERE p.oid = role::oid AND pg_has_role(p.oid, 'USAGE')));
CREATE POLICY moderated ON rtc.recordings FOR SELECT USING (rtc.is_admin(room, current_user));
CREATE POLICY over ON rtc.recordings FOR DELETE USING (state IN ('completed', 'failed') AND EXISTS (SELECT FROM pg_catalog.pg_roles p WHERE p.oid = role::oid AND pg_has_role(p.oid, 'USAGE')));
ALTER TABLE rtc.playbacks ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON rtc.playbacks FOR SELECT USING (EXISTS (SELECT FROM pg_catalog.pg_roles p WHERE p.oid = role::oid AND pg_has_role(p.oid, 'USAGE')));
CREATE POLICY moderated ON rtc.playbacks FOR SELECT USING (rtc.is_admin(room, current_user));
CREATE POLICY over ON rtc.playbacks FOR DELETE USING (state IN ('completed', 'failed') AND EXISTS (SELECT FROM pg_catalog.pg_roles p WHERE p.oid = role::oid AND pg_has_role(p.oid, 'USAGE')));
ALTER TABLE rtc.quality ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON rtc.quality FOR SELECT USING (rtc.may_see(room, current_user));

GRANT USAGE ON SCHEMA rtc TO PUBLIC;
GRANT SELECT, DELETE ON rtc.rooms TO PUBLIC;
GRANT INSERT (name, role, metadata, max_participants, max_message_bytes, messages_per_second, empty_timeout_ms, departure_timeout_ms, is_locked, is_ephemeral) ON rtc.rooms TO PUBLIC;
GRANT UPDATE (metadata, max_participants, max_message_bytes, messages_per_second, empty_timeout_ms, departure_timeout_ms, is_locked) ON rtc.rooms TO PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON rtc.grants TO PUBLIC;
GRANT SELECT ON rtc.participants, rtc.tracks, rtc.events, rtc.quality TO PUBLIC;
GRANT SELECT, DELETE ON rtc.recordings, rtc.playbacks TO PUBLIC;

-- Lets members of a role into a room (every role where it is NULL); what was granted before is replaced.
CREATE FUNCTION rtc.allow(room text, role regrole DEFAULT NULL, can_publish boolean DEFAULT true, sources text[] DEFAULT NULL, can_subscribe boolean DEFAULT true,
    can_publish_data boolean DEFAULT true, can_record boolean DEFAULT false, is_admin boolean DEFAULT false) RETURNS void LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT rtc.is_admin(allow.room, current_user) THEN
        RAISE undefined_object USING MESSAGE = format('room "%s" does not exist', allow.room);
    END IF;
    INSERT INTO rtc.grants AS g (room, role, can_publish, sources, can_subscribe, can_publish_data, can_record, is_admin)
        VALUES (allow.room, coalesce(allow.role::oid, 0)::regrole, allow.can_publish, allow.sources, allow.can_subscribe, allow.can_publish_data, allow.can_record, allow.is_admin)
        ON CONFLICT ON CONSTRAINT grants_pkey DO UPDATE SET can_publish = excluded.can_publish, sources = excluded.sources, can_subscribe = excluded.can_subscribe,
            can_publish_data = excluded.can_publish_data, can_record = excluded.can_record, is_admin = excluded.is_admin;
END $$;

-- Whether there was such a grant.
CREATE FUNCTION rtc.disallow(room text, role regrole DEFAULT NULL) RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM rtc.grants g WHERE g.room = disallow.room AND g.role = coalesce(disallow.role::oid, 0)::regrole;
    RETURN FOUND;
END $$;

-- Asks for a recording of a track, or of all of a room: it begins when somebody is there, and ends with that, or by
-- rtc.stop_recording. It is stored in a bucket that is there, as a file of its id unless it is named, with the rights
-- of who asks.
CREATE FUNCTION rtc.start_recording(room text, track text DEFAULT NULL, bucket text DEFAULT 'recordings', name text DEFAULT NULL) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, rtc, pg_temp AS $$
#variable_conflict use_column
DECLARE
    may boolean;
    made uuid;
BEGIN
    SELECT r.can_record OR r.is_admin INTO may FROM rights_of(start_recording.room, rtc.caller()) r;
    IF NOT FOUND THEN
        RAISE undefined_object USING MESSAGE = format('room "%s" does not exist', start_recording.room);
    ELSIF NOT coalesce(may, false) THEN
        RAISE insufficient_privilege USING MESSAGE = format('permission denied to record room "%s"', start_recording.room);
    ELSIF start_recording.track IS NOT NULL AND NOT EXISTS (SELECT FROM tracks t WHERE t.room = start_recording.room AND t.sid = start_recording.track)
            AND NOT rtc.is_live(start_recording.room, start_recording.track) THEN
        RAISE undefined_object USING MESSAGE = format('track "%s" does not exist', start_recording.track);
    ELSIF (SELECT count(*) >= 100 FROM recordings r WHERE r.state = 'requested' AND r.role = quote_ident(rtc.caller())::regrole) THEN
        RAISE configuration_limit_exceeded USING MESSAGE = format('role "%s" has asked for recordings that have not begun: at most 100', rtc.caller());
    END IF;
    INSERT INTO recordings (room, role, track, bucket, name)
        VALUES (start_recording.room, quote_ident(rtc.caller())::regrole, start_recording.track, start_recording.bucket, start_recording.name)
        RETURNING id INTO made;
    RETURN made;
END $$;

-- Whether there was one to be stopped, of a role whose rights who asks has, or in a room that it moderates.
CREATE FUNCTION rtc.stop_recording(id uuid) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, rtc, pg_temp AS $$
#variable_conflict use_column
DECLARE
    who constant text := rtc.caller();
BEGIN
    UPDATE recordings r SET stop_asked_at = coalesce(r.stop_asked_at, clock_timestamp()),
            state = CASE r.state WHEN 'requested' THEN 'failed' ELSE r.state END,
            ended_at = CASE r.state WHEN 'requested' THEN clock_timestamp() END,
            error = CASE r.state WHEN 'requested' THEN 'it was stopped before it began' END
        WHERE r.id = stop_recording.id AND r.state IN ('requested', 'recording')
            AND (EXISTS (SELECT FROM pg_roles p WHERE p.oid = r.role::oid AND pg_has_role(who, p.oid, 'USAGE')) OR is_admin(r.room, who));
    RETURN FOUND;
END $$;

-- Plays a recording into a room, from a place on: it begins when somebody is there, and ends with the recording, with the
-- room, or by rtc.stop_playback. Who asks has to see the recording, to read its file, and may publish in the room; it is a
-- participant, of that identity where it is given, whose tracks are called 'playback'.
CREATE FUNCTION rtc.start_playback(room text, recording uuid, start_ms bigint DEFAULT 0, identity text DEFAULT NULL) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, rtc, pg_temp AS $$
#variable_conflict use_column
DECLARE
    who constant text := rtc.caller();
    mine record;
    played record;
    called text;
    made uuid := gen_random_uuid();
BEGIN
    SELECT * INTO mine FROM rights_of(start_playback.room, who::name);
    IF NOT FOUND THEN
        RAISE undefined_object USING MESSAGE = format('room "%s" does not exist', start_playback.room);
    ELSIF NOT (mine.is_admin OR mine.can_publish AND (mine.sources IS NULL OR 'unknown' = ANY (mine.sources))) THEN
        RAISE insufficient_privilege USING MESSAGE = format('permission denied to publish in room "%s"', start_playback.room);
    END IF;
    SELECT r.state INTO played FROM recordings r WHERE r.id = start_playback.recording
        AND (EXISTS (SELECT FROM pg_roles p WHERE p.oid = r.role::oid AND pg_has_role(who, p.oid, 'USAGE')) OR is_admin(r.room, who::name));
    IF NOT FOUND THEN
        RAISE undefined_object USING MESSAGE = format('recording %s does not exist', start_playback.recording);
    ELSIF played.state <> 'completed' THEN
        RAISE object_not_in_prerequisite_state USING MESSAGE = format('recording %s is not completed: it is %s', start_playback.recording, played.state);
    ELSIF start_playback.start_ms < 0 THEN
        RAISE invalid_parameter_value USING MESSAGE = 'a playback does not begin before its recording';
    ELSIF (SELECT count(*) >= 100 FROM playbacks p WHERE p.state = 'requested' AND p.role = quote_ident(who)::regrole) THEN
        RAISE configuration_limit_exceeded USING MESSAGE = format('role "%s" has asked for playbacks that have not begun: at most 100', who);
    END IF;
    called := coalesce(start_playback.identity, format('%s/playback-%s', who, left(made::text, 8)));
    IF called = '' OR octet_length(called) > 255 THEN
        RAISE invalid_parameter_value USING MESSAGE = 'an identity has 1 to 255 bytes';
    ELSIF NOT mine.is_admin AND called <> who AND NOT starts_with(called, who || '/') THEN
        RAISE insufficient_privilege USING MESSAGE = format('identity "%s" is for who moderates the room to give', called);
    END IF;
    INSERT INTO playbacks (id, room, role, recording, identity, start_ms)
        VALUES (made, start_playback.room, quote_ident(who)::regrole, start_playback.recording, called, start_playback.start_ms);
    RETURN made;
END $$;

-- Says something to a playback: whether there was one that goes on, or is to, of a role whose rights who asks has, or in a
-- room that it moderates.
CREATE FUNCTION rtc.direct_playback(id uuid, stop boolean, paused boolean, place_ms bigint) RETURNS boolean LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, rtc, pg_temp AS $$
#variable_conflict use_column
DECLARE
    who constant text := rtc.caller();
BEGIN
    IF direct_playback.place_ms < 0 THEN
        RAISE invalid_parameter_value USING MESSAGE = 'a place is not before the beginning';
    END IF;
    UPDATE playbacks p SET stop_asked_at = CASE WHEN direct_playback.stop THEN coalesce(p.stop_asked_at, clock_timestamp()) ELSE p.stop_asked_at END,
            is_paused = coalesce(direct_playback.paused, p.is_paused),
            places = CASE WHEN direct_playback.place_ms IS NULL THEN p.places ELSE p.places + 1 END,
            place_ms = coalesce(direct_playback.place_ms, p.place_ms),
            state = CASE WHEN direct_playback.stop AND p.state = 'requested' THEN 'failed' ELSE p.state END,
            ended_at = CASE WHEN direct_playback.stop AND p.state = 'requested' THEN clock_timestamp() END,
            error = CASE WHEN direct_playback.stop AND p.state = 'requested' THEN 'it was stopped before it began' END
        WHERE p.id = direct_playback.id AND p.state IN ('requested', 'playing')
            AND (EXISTS (SELECT FROM pg_roles r WHERE r.oid = p.role::oid AND pg_has_role(who, r.oid, 'USAGE')) OR is_admin(p.room, who::name));
    RETURN FOUND;
END $$;
CREATE FUNCTION rtc.stop_playback(id uuid) RETURNS boolean LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
    'SELECT rtc.direct_playback($1, true, NULL, NULL)';
CREATE FUNCTION rtc.pause_playback(id uuid, paused boolean DEFAULT true) RETURNS boolean LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
    'SELECT rtc.direct_playback($1, false, $2, NULL)';
CREATE FUNCTION rtc.seek_playback(id uuid, place_ms bigint) RETURNS boolean LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
    'SELECT rtc.direct_playback($1, false, NULL, $2)';
REVOKE ALL ON FUNCTION rtc.direct_playback(uuid, boolean, boolean, bigint) FROM PUBLIC;

-- Keys of applications: an id and a secret, as LiveKit's SDKs take them. The secret is shown once.
CREATE VIEW rtc.keys WITH (security_barrier) AS
    SELECT k.id, k.role, k.name, k.created_at, k.revoked_at FROM rtc.key k JOIN pg_catalog.pg_roles r ON r.oid = k.role::oid
    WHERE pg_has_role(r.oid, 'MEMBER');
GRANT SELECT ON rtc.keys TO PUBLIC;

CREATE FUNCTION rtc.create_key(name text DEFAULT '', role regrole DEFAULT NULL, OUT id text, OUT secret text) RETURNS record LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, rtc, pg_temp AS $$
#variable_conflict use_column
DECLARE
    owner oid := coalesce(create_key.role::oid, (SELECT r.oid FROM pg_roles r WHERE r.rolname = rtc.caller()));
    most constant bigint := 100;
    made record;
BEGIN
    PERFORM auth.check_admin();
    IF NOT EXISTS (SELECT FROM pg_roles WHERE oid = owner) THEN
        RAISE undefined_object USING MESSAGE = format('role with OID %s does not exist', owner);
    ELSIF NOT pg_has_role(rtc.caller(), owner, 'MEMBER') THEN
        RAISE insufficient_privilege USING MESSAGE = format('must be member of role "%s"', pg_get_userbyid(owner));
    END IF;
    PERFORM pg_advisory_xact_lock('rtc.key'::regclass::oid::int, owner::int);
    IF (SELECT count(*) FROM key k WHERE k.role = owner::regrole AND k.revoked_at IS NULL) >= most THEN
        RAISE configuration_limit_exceeded USING MESSAGE = format('a role has at most %s keys of rooms', most);
    END IF;
    made := make_key();
    INSERT INTO key (id, role, name, secret) VALUES (made.id, owner::regrole, create_key.name, made.sealed);
    create_key.id := made.id;
    create_key.secret := made.secret;
    PERFORM zserver_audit_event('create_rtc_key', format('%s of %s', made.id, owner::regrole));
END $$;

CREATE FUNCTION rtc.revoke_key(id text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, rtc, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM auth.check_admin();
    UPDATE key k SET revoked_at = now() WHERE k.id = revoke_key.id AND k.revoked_at IS NULL
        AND EXISTS (SELECT FROM pg_roles r WHERE r.oid = k.role::oid) AND pg_has_role(rtc.caller(), k.role::oid, 'MEMBER');
    IF FOUND THEN
        PERFORM zserver_audit_event('revoke_rtc_key', revoke_key.id);
    END IF;
    RETURN FOUND;
END $$;

-- A token that lets its bearer into a room, as LiveKit's clients and ours show it. Who moderates the room
-- may give it to anybody; others get one for themselves (an identity that is their role's name, or begins
-- with that and '/') with no more than they may. The bearer has the rights of "role" in this database, which
-- is who asks unless it is named; only with "sql" may it use them for statements. "grants" are members of
-- LiveKit's video grant: {"canPublish": false, "canPublishSources": ["microphone"], "roomAdmin": true, …}.
CREATE FUNCTION rtc.issue_token(room text, identity text DEFAULT NULL, name text DEFAULT '', metadata text DEFAULT '', attributes jsonb DEFAULT '{}',
    grants jsonb DEFAULT '{}', lifetime interval DEFAULT '1 hour', once boolean DEFAULT false, role regrole DEFAULT NULL, sql boolean DEFAULT false)
    RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, rtc, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    who constant text := rtc.caller();
    bearer text;
    called text;
    mine record;
    wanted text;
    known constant text[] := ARRAY['canPublish', 'canPublishSources', 'canSubscribe', 'canPublishData', 'canUpdateOwnMetadata', 'hidden', 'recorder', 'roomAdmin', 'roomRecord'];
    video jsonb;
    signer record;
    token text;
BEGIN
    bearer := CASE WHEN issue_token.role IS NULL THEN who ELSE pg_get_userbyid(issue_token.role::oid) END;
    called := coalesce(issue_token.identity, bearer);
    IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = bearer) OR NOT pg_has_role(who, bearer, 'MEMBER') THEN
        RAISE insufficient_privilege USING MESSAGE = format('must be member of role "%s"', bearer);
    END IF;
    SELECT * INTO mine FROM rights_of(issue_token.room, who::pg_catalog.name);
    IF NOT FOUND THEN
        RAISE undefined_object USING MESSAGE = format('room "%s" does not exist', issue_token.room);
    END IF;
    SELECT k INTO wanted FROM jsonb_object_keys(issue_token.grants) k WHERE k <> ALL (known) LIMIT 1;
    IF FOUND THEN
        RAISE invalid_parameter_value USING MESSAGE = format('unknown grant "%s"', wanted), HINT = format('Grants are %s.', array_to_string(known, ', '));
    END IF;
    IF called = '' OR octet_length(called) > 255 THEN
        RAISE invalid_parameter_value USING MESSAGE = 'an identity has 1 to 255 bytes';
    END IF;
    IF lifetime <= interval '0' OR lifetime > interval '30 days' THEN
        RAISE invalid_parameter_value USING MESSAGE = 'a token lives up to 30 days';
    END IF;
    IF NOT mine.is_admin THEN
        IF called <> bearer AND NOT starts_with(called, bearer || '/') THEN
            RAISE insufficient_privilege USING MESSAGE = format('identity "%s" is for who moderates the room to give', called),
                DETAIL = format('Role "%s" is "%s", or something that begins with "%s/".', bearer, bearer, bearer);
        END IF;
        SELECT k INTO wanted FROM jsonb_each(issue_token.grants) AS e (k, v) WHERE v = 'true' AND (k IN ('roomAdmin', 'hidden', 'recorder')
            OR k = 'canPublish' AND NOT mine.can_publish OR k = 'canSubscribe' AND NOT mine.can_subscribe
            OR k = 'canPublishData' AND NOT mine.can_publish_data OR k = 'roomRecord' AND NOT mine.can_record) LIMIT 1;
        IF FOUND THEN
            RAISE insufficient_privilege USING MESSAGE = format('grant "%s" cannot be given by who does not have it', wanted);
        END IF;
    END IF;
    video := jsonb_build_object('room', issue_token.room, 'roomJoin', true, 'canPublish', mine.can_publish, 'canSubscribe', mine.can_subscribe,
        'canPublishData', mine.can_publish_data) || issue_token.grants;
    FOR attempt IN 1..2 LOOP
        SELECT k.id, k.secret AS sealed INTO signer FROM key k WHERE k.role IS NULL AND k.revoked_at IS NULL ORDER BY k.created_at DESC LIMIT 1;
        IF NOT FOUND THEN
            SELECT m.id, m.sealed INTO signer FROM make_key() m;
            INSERT INTO key (id, name, secret) VALUES (signer.id, 'tokens of rtc.issue_token', signer.sealed);
        END IF;
        token := sign(signer.id, signer.sealed, jsonb_build_object(
            'sub', called, 'name', issue_token.name, 'metadata', issue_token.metadata, 'attributes', issue_token.attributes, 'video', video,
            'nbf', floor(extract(epoch FROM clock_timestamp()))::bigint, 'exp', ceil(extract(epoch FROM clock_timestamp() + issue_token.lifetime))::bigint,
            'jti', gen_random_uuid(), 'zserver', jsonb_build_object('role', bearer, 'once', issue_token.once, 'sql', issue_token.sql)));
        EXIT WHEN token IS NOT NULL;
        -- The key came with a copy of the database.
        UPDATE key k SET revoked_at = now() WHERE k.id = signer.id;
    END LOOP;
    PERFORM zserver_audit_event('issue_rtc_token', format('%s in %s as %s', called, issue_token.room, bearer));
    RETURN token;
END $$;

-- The server's own steps.

-- Why a token does not let its bearer in; NULL where it does. One for once is used up by this.
CREATE FUNCTION rtc.admit(room text, identity text, issued_at timestamptz, token_id text, once boolean, expires_at timestamptz) RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, rtc, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    IF EXISTS (SELECT FROM removal r WHERE r.room = admit.room AND r.identity = admit.identity AND date_trunc('second', r.at) >= issued_at) THEN
        RETURN 'its bearer was removed from the room';
    END IF;
    IF once THEN
        INSERT INTO used_token (id, expires_at) VALUES (token_id, admit.expires_at) ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            RETURN 'it was used before';
        END IF;
    END IF;
    RETURN NULL;
END $$;

-- Tokens of somebody that were made up to now are over.
CREATE FUNCTION rtc.note_removal(room text, identity text) RETURNS void LANGUAGE sql SET search_path = pg_catalog, rtc, pg_temp AS
    $$INSERT INTO rtc.removal (room, identity) VALUES ($1, $2) ON CONFLICT (room, identity) DO UPDATE SET at = now()$$;

-- Writes down what has happened, and who is in rooms that have changed: [{"room", "participants": […], "tracks": […]}].
CREATE FUNCTION rtc.write_down(happened jsonb, changed jsonb) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, rtc, pg_temp AS $$
#variable_conflict use_column
DECLARE
    one jsonb;
BEGIN
    INSERT INTO events (at, room, role, happened, identity, sid, track, detail)
        SELECT to_timestamp(e.at_ms / 1000.0), e.room, r.role, e.happened, e.identity, e.sid, e.track, e.detail
        FROM ROWS FROM (jsonb_to_recordset(write_down.happened) AS (at_ms bigint, room text, happened text, identity text, sid text, track text, detail jsonb)) WITH ORDINALITY e
        LEFT JOIN rooms r ON r.name = e.room ORDER BY e.ordinality;
    FOR one IN SELECT c FROM jsonb_array_elements(write_down.changed) c LOOP
        DELETE FROM participants p WHERE p.room = one->>'room' AND p.sid NOT IN (SELECT n->>'sid' FROM jsonb_array_elements(one->'participants') n);
        DELETE FROM tracks t WHERE t.room = one->>'room' AND t.sid NOT IN (SELECT n->>'sid' FROM jsonb_array_elements(one->'tracks') n);
        INSERT INTO participants AS p (sid, room, identity, name, role, metadata, attributes, permission, is_admin, is_hidden, state, joined_at)
            SELECT n.sid, one->>'room', n.identity, n.name, n.role, n.metadata, n.attributes, n.permission, n.is_admin, (n.permission->>'hidden')::boolean, n.state, to_timestamp(n.joined_at_ms / 1000.0)
            FROM jsonb_to_recordset(one->'participants') AS n (sid text, identity text, name text, role text, metadata text, attributes jsonb, permission jsonb, is_admin boolean, state text, joined_at_ms bigint)
            ON CONFLICT (sid) DO UPDATE SET name = excluded.name, metadata = excluded.metadata, attributes = excluded.attributes, permission = excluded.permission, is_hidden = excluded.is_hidden, state = excluded.state
            WHERE (p.name, p.metadata, p.attributes, p.permission, p.state) IS DISTINCT FROM (excluded.name, excluded.metadata, excluded.attributes, excluded.permission, excluded.state);
        INSERT INTO tracks AS t (sid, participant, room, identity, name, kind, source, mime, is_muted, volume, width, height)
            SELECT n.sid, n.participant, one->>'room', n.identity, n.name, n.kind, n.source, n.mime, n.is_muted, n.volume, n.width, n.height
            FROM jsonb_to_recordset(one->'tracks') AS n (sid text, participant text, identity text, name text, kind text, source text, mime text, is_muted boolean, volume integer, width integer, height integer)
            ON CONFLICT (sid) DO UPDATE SET mime = excluded.mime, is_muted = excluded.is_muted, volume = excluded.volume
            WHERE (t.mime, t.is_muted, t.volume) IS DISTINCT FROM (excluded.mime, excluded.is_muted, excluded.volume);
    END LOOP;
END $$;

-- Writes down how good calls are; a rating that has changed is an event.
CREATE FUNCTION rtc.note_quality(measured jsonb) RETURNS void LANGUAGE sql SET search_path = pg_catalog, rtc, pg_temp AS $$
    INSERT INTO rtc.quality (room, identity, participant, track, rating, before, score, loss, jitter_ms, round_trip_ms, bitrate, freezes, freeze_ms)
        SELECT m.* FROM jsonb_to_recordset($1) AS m (room text, identity text, participant text, track text, rating text, before text, score real, loss real,
            jitter_ms real, round_trip_ms real, bitrate bigint, freezes bigint, freeze_ms bigint);
    INSERT INTO rtc.events (at, room, role, happened, identity, sid, track, detail)
        SELECT clock_timestamp(), m.room, r.role, 'quality', m.identity, m.participant, m.track, jsonb_build_object('rating', m.rating, 'before', m.before, 'score', m.score)
        FROM jsonb_to_recordset($1) AS m (room text, identity text, participant text, track text, rating text, before text, score real)
        LEFT JOIN rtc.rooms r ON r.name = m.room WHERE m.before IS NOT NULL;
$$;

-- Nobody is there any more: the server has begun anew.
CREATE FUNCTION rtc.begin_anew() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, rtc, pg_temp AS $$
BEGIN
    INSERT INTO events (at, room, role, happened, identity, sid, detail)
        SELECT clock_timestamp(), p.room, r.role, 'left', p.identity, p.sid, '{"reason": "server_shutdown"}' FROM participants p LEFT JOIN rooms r ON r.name = p.room;
    DELETE FROM participants;
    UPDATE playbacks SET state = 'failed', ended_at = clock_timestamp(), error = 'the server has ended' WHERE state = 'playing';
    DELETE FROM rooms WHERE is_ephemeral;
END $$;

-- A room has closed.
CREATE FUNCTION rtc.close_room(name text) RETURNS void LANGUAGE sql SET search_path = pg_catalog, rtc, pg_temp AS
    $$DELETE FROM rtc.rooms r WHERE r.name = $1 AND r.is_ephemeral$$;

-- Removes what is over: tokens, removals that no token outlives, playbacks of a month ago, and all but the newest events.
CREATE FUNCTION rtc.purge(keep_events bigint) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, rtc, pg_temp AS $$
BEGIN
    DELETE FROM used_token u WHERE u.expires_at < now() - interval '1 hour';
    DELETE FROM removal r WHERE r.at < now() - interval '31 days';
    DELETE FROM events e WHERE e.id <= (SELECT max(id) FROM events) - keep_events;
    UPDATE playbacks p SET state = 'failed', ended_at = clock_timestamp(), error = 'nobody was there for a day'
        WHERE p.state = 'requested' AND p.asked_at < now() - interval '1 day';
    UPDATE recordings r SET state = 'failed', ended_at = clock_timestamp(), error = 'what it is of was not there for a day'
        WHERE r.state = 'requested' AND r.asked_at < now() - interval '1 day';
    DELETE FROM playbacks p WHERE p.ended_at < now() - interval '30 days';
    DELETE FROM quality q WHERE q.id <= (SELECT max(id) FROM quality) - keep_events;
END $$;

REVOKE ALL ON FUNCTION rtc.admit(text, text, timestamptz, text, boolean, timestamptz), rtc.note_removal(text, text), rtc.write_down(jsonb, jsonb), rtc.note_quality(jsonb),
    rtc.begin_anew(), rtc.close_room(text), rtc.purge(bigint) FROM PUBLIC;
