-- What commits do to the tables that are watched, in the order of the commits.
--
--   events.watch('orders')   triggers on the table ──▶ events.change, in the transaction of the change
--                                                          │ its commit is recorded under its timestamp
--                                  readers: (commit, n) ◀──┘
--
-- A change costs about the size of the old and the new row as JSON: the server writes those of a statement
-- together (src/table/outbox.rs). Who inserts into events.change leaves a record of the commit as well: its
-- order is not in this table, which only the server reads (src/events). Roles see changes over HTTP, as far
-- as they may see the rows.

-- Changes of one transaction to one table, of one kind, one after the other.
CREATE TABLE events.change (
    -- The transaction; the record of its commit says when that was.
    xid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    -- The number of the last of them in the transaction; they are counted from 1 on.
    n bigint NOT NULL,
    -- How many they are.
    changes integer NOT NULL,
    -- The table. No table gets the number of another one.
    source oid NOT NULL,
    -- insert, update, delete, truncate. A mark is no change: the commit of it is where a webhook or a
    -- sink begins.
    op text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Arrays of rows.
    old json,
    new json
);
CREATE INDEX change_place ON events.change (xid, n);

-- Changes of commits up to this one are forgotten; nothing is as long as there is no row.
CREATE TABLE events.horizon (only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one), forgotten bigint NOT NULL DEFAULT 0);

-- Its triggers call nothing: the server notes what happens to their tables.
CREATE FUNCTION events.capture() RETURNS trigger LANGUAGE c AS 'events_capture';

CREATE FUNCTION events.is_watched("table" oid) RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS
    'SELECT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = is_watched."table" AND t.tgfoid = ''events.capture''::regproc)';

-- Watches a table from the end of this transaction on: those that write to it now are waited for, and
-- none of their changes is in the feed. Whoever may create triggers on a table may.
CREATE FUNCTION events.watch("table" regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    seen record;
BEGIN
    SELECT c.relkind, c.relpersistence, c.relnamespace::regnamespace::text AS schema INTO seen FROM pg_catalog.pg_class c WHERE c.oid = watch."table";
    IF seen.relkind NOT IN ('r', 'p') THEN
        RAISE EXCEPTION '% is not a table', watch."table" USING ERRCODE = '42809';
    ELSIF seen.relpersistence = 't' OR seen.schema = 'events' THEN
        RAISE EXCEPTION 'watching % is not supported', watch."table" USING ERRCODE = '0A000', DETAIL = 'Neither temporary tables nor those of the feed itself are watched.';
    END IF;
    IF events.is_watched(watch."table") THEN
        RETURN;
    END IF;
    EXECUTE pg_catalog.format('CREATE TRIGGER zserver_events AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION events.capture()', watch."table");
    EXECUTE pg_catalog.format('CREATE TRIGGER zserver_events_truncate AFTER TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION events.capture()', watch."table");
END $$;

-- Watches it no more. What was captured stays until it is forgotten.
CREATE FUNCTION events.unwatch("table" regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE pg_catalog.format('DROP TRIGGER IF EXISTS zserver_events ON %s', unwatch."table");
    EXECUTE pg_catalog.format('DROP TRIGGER IF EXISTS zserver_events_truncate ON %s', unwatch."table");
END $$;

CREATE VIEW events.watched AS
    SELECT t.tgrelid::regclass AS "table" FROM pg_catalog.pg_trigger t
    WHERE t.tgfoid = 'events.capture'::regproc AND t.tgname = 'zserver_events' AND t.tgparentid = 0;

-- A place in the feed: what is committed from now on is after it.
CREATE FUNCTION events."position"() RETURNS text LANGUAGE c VOLATILE AS 'events_position';

-- The changes of a table after a place, '0-0' for all that is kept, in the order of their commits, as
-- /api/v1/events tells them: what the role in force may see of them now, by privileges and policies, under
-- the session's own parameters. It tells of what is committed, whatever the snapshot is. The position of the
-- last row is where the next call goes on. Where there is none, that is a place that was asked for before
-- this call: else one that is quiet for longer than events_keep is lost (58P01).
CREATE FUNCTION events.changes("table" regclass, after text DEFAULT '0-0', "limit" integer DEFAULT 100, OUT "position" text, OUT op text, OUT at timestamptz, OUT old jsonb, OUT new jsonb)
    RETURNS SETOF record LANGUAGE c VOLATILE STRICT ROWS 100 AS 'events_changes';

-- Leaves a mark, so that the commit is found.
CREATE FUNCTION events.mark() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO events.change (n, changes, source, op) VALUES (0, 0, 0, 'mark');
    RETURN NULL;
END $$;

CREATE FUNCTION events.check_ops(ops text[]) RETURNS boolean LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS
    $$SELECT ops <@ ARRAY['insert', 'update', 'delete', 'truncate'] AND ops <> '{}'$$;

-- Where changes are posted to. The server makes a job of each (queue 'webhook:' and the id), which
-- retries and dead letters are of, and moves the place in the same transaction.
CREATE TABLE events.webhook (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- As whom changes are seen, and jobs run.
    role regrole NOT NULL DEFAULT quote_ident(current_user)::regrole,
    source oid NOT NULL,
    url text NOT NULL CHECK (url ~ '^https?://' AND length(url) <= 2048),
    ops text[] NOT NULL DEFAULT '{insert,update,delete,truncate}' CHECK (events.check_ops(ops)),
    description text CHECK (length(description) <= 1024),
    -- 'whsec_' and 24 to 64 bytes in base64.
    secret text NOT NULL DEFAULT 'whsec_' || encode(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), 'base64')
        CHECK (secret ~ '^whsec_[A-Za-z0-9+/]{32,88}={0,2}$'),
    -- The one before, which signs as well until then.
    previous_secret text,
    previous_until timestamptz,
    max_attempts integer NOT NULL DEFAULT 12 CHECK (max_attempts BETWEEN 1 AND 100),
    is_paused boolean NOT NULL DEFAULT false,
    -- Why the server has paused it.
    error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- Changes after this place are to be delivered; NULL until the server has found the commit of:
    at_commit bigint,
    at_n bigint NOT NULL DEFAULT 0,
    started_by bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint
);
CREATE INDEX webhook_role ON events.webhook (role);
CREATE TRIGGER mark AFTER INSERT ON events.webhook FOR EACH STATEMENT EXECUTE FUNCTION events.mark();

-- The jobs of one that is paused wait, too.
CREATE FUNCTION events.webhook_changes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('zserver_events', '');
    IF TG_OP = 'DELETE' THEN
        DELETE FROM jobs.queue q WHERE q.name = 'webhook:' || OLD.id;
        RETURN OLD;
    END IF;
    IF NEW.is_paused THEN
        INSERT INTO jobs.queue (name, is_paused) VALUES ('webhook:' || NEW.id, true) ON CONFLICT (name) DO UPDATE SET is_paused = true;
    ELSE
        NEW.error := NULL;
        UPDATE jobs.queue q SET is_paused = false WHERE q.name = 'webhook:' || NEW.id AND q.is_paused;
        PERFORM pg_notify('jobs', 'resumed');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER changes BEFORE INSERT OR DELETE OR UPDATE OF is_paused, url, ops ON events.webhook FOR EACH ROW EXECUTE FUNCTION events.webhook_changes();

-- A webhook of the role that asks. Its secret is shown here; roles see those of theirs in the table.
CREATE FUNCTION events.create_webhook("table" regclass, url text, ops text[] DEFAULT '{insert,update,delete,truncate}', description text DEFAULT NULL,
    max_attempts integer DEFAULT 12, OUT id bigint, OUT secret text) RETURNS record LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    IF NOT events.is_watched(create_webhook."table") THEN
        RAISE EXCEPTION '% is not watched', create_webhook."table" USING ERRCODE = '55000', HINT = 'SELECT events.watch(…) watches it.';
    ELSIF NOT pg_catalog.has_any_column_privilege(create_webhook."table"::oid, 'SELECT') THEN
        RAISE EXCEPTION 'permission denied for table %', create_webhook."table" USING ERRCODE = '42501';
    END IF;
    INSERT INTO events.webhook AS w (source, url, ops, description, max_attempts)
        VALUES (create_webhook."table", create_webhook.url, create_webhook.ops, create_webhook.description, create_webhook.max_attempts)
        RETURNING w.id, w.secret INTO id, secret;
END $$;

-- A new secret; the one before signs as well for so long.
CREATE FUNCTION events.rotate_webhook(id bigint, keep interval DEFAULT '1 day') RETURNS text LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    made text;
BEGIN
    UPDATE events.webhook w SET previous_secret = w.secret, previous_until = clock_timestamp() + rotate_webhook.keep, secret = DEFAULT
        WHERE w.id = rotate_webhook.id RETURNING w.secret INTO made;
    IF made IS NULL THEN
        RAISE EXCEPTION 'webhook % does not exist', rotate_webhook.id USING ERRCODE = 'P0002';
    END IF;
    RETURN made;
END $$;

-- Brokers that changes are sent to, in order, each at least once, the place moved after the broker has
-- said that it has them. The URL may hold a password: superusers alone see and make them.
CREATE TABLE events.sink (
    name text PRIMARY KEY CHECK (name <> '' AND length(name) <= 63),
    -- By which brokers tell its events from another one's.
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    kind text NOT NULL CHECK (kind IN ('amqp', 'kafka', 'nats', 'redis')),
    url text NOT NULL CHECK (length(url) <= 2048),
    -- The stream, subject, topic or exchange and routing key.
    target text NOT NULL CHECK (target <> '' AND length(target) <= 255),
    source oid NOT NULL,
    role regrole NOT NULL DEFAULT quote_ident(current_user)::regrole,
    is_paused boolean NOT NULL DEFAULT false,
    -- Why events wait, since when, and when that was last seen; all NULL while they are taken.
    error text,
    failing_since timestamptz,
    failed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    at_commit bigint,
    at_n bigint NOT NULL DEFAULT 0,
    started_by bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint
);
CREATE TRIGGER mark AFTER INSERT ON events.sink FOR EACH STATEMENT EXECUTE FUNCTION events.mark();

-- One that is made, changed, paused or removed is told of at once; its place moves without a word.
CREATE FUNCTION events.sink_changes() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('zserver_events', '');
    RETURN NULL;
END $$;
CREATE TRIGGER changes AFTER INSERT OR DELETE OR UPDATE OF name, kind, url, target, source, role, is_paused ON events.sink
    FOR EACH STATEMENT EXECUTE FUNCTION events.sink_changes();

CREATE FUNCTION events.create_sink(name text, kind text, url text, target text, "table" regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT events.is_watched(create_sink."table") THEN
        RAISE EXCEPTION '% is not watched', create_sink."table" USING ERRCODE = '55000', HINT = 'SELECT events.watch(…) watches it.';
    END IF;
    INSERT INTO events.sink (name, kind, url, target, source) VALUES (create_sink.name, create_sink.kind, create_sink.url, create_sink.target, create_sink."table");
END $$;

ALTER TABLE events.webhook ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON events.webhook USING (pg_has_role(role::oid, 'USAGE')) WITH CHECK (pg_has_role(role::oid, 'USAGE'));
CREATE POLICY make ON events.webhook AS RESTRICTIVE FOR INSERT WITH CHECK (role = quote_ident(current_user)::regrole);

GRANT USAGE ON SCHEMA events TO PUBLIC;
GRANT SELECT ON events.watched TO PUBLIC;
GRANT SELECT, DELETE ON events.webhook TO PUBLIC;
GRANT INSERT (source, url, ops, description, secret, max_attempts, is_paused) ON events.webhook TO PUBLIC;
GRANT UPDATE (url, ops, description, secret, previous_secret, previous_until, max_attempts, is_paused) ON events.webhook TO PUBLIC;
REVOKE ALL ON FUNCTION events.create_sink(text, text, text, text, regclass) FROM PUBLIC;
