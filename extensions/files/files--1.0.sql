-- Files as rows. A content is bytes under their BLAKE3 hash; an object is a version of a name in a bucket, and has a content. HTTP (src/http/files) reads and writes these tables as the role that asks, so that GRANT and the policies below decide; what policies of your own allow is allowed over HTTP, too.

CREATE FUNCTION files.blake3(data bytea) RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'files_blake3';
CREATE FUNCTION files.hmac_sha256(data bytea, key bytea) RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'files_hmac_sha256';
CREATE FUNCTION files.random_secret() RETURNS bytea LANGUAGE c VOLATILE PARALLEL SAFE AS 'files_random_secret';
-- True, or an error that says what is wrong with a name.
CREATE FUNCTION files.check_name(name text) RETURNS boolean LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'files_check_name';
CREATE FUNCTION files.check_bucket(name text) RETURNS boolean LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'files_check_bucket';
CREATE FUNCTION files.encode_path(name text) RETURNS text LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'files_encode_path';

-- Whether the current role is a role or a member of it; false for one that was dropped.
CREATE FUNCTION files.is_member(role name) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(pg_catalog.pg_has_role(pg_catalog.to_regrole(pg_catalog.quote_ident(role::pg_catalog.text))::pg_catalog.oid, 'MEMBER'), false)
$$;

-- Signs URLs and what the server says of contents; made when it is first needed, so that a copy of the database made by pg_dump has one of its own.
CREATE TABLE files.secret (only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one), secret bytea NOT NULL);
REVOKE ALL ON files.secret FROM PUBLIC;
CREATE FUNCTION files.own_secret() RETURNS bytea LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM files.secret) THEN
        INSERT INTO files.secret (secret) VALUES (files.random_secret()) ON CONFLICT DO NOTHING;
    END IF;
    RETURN (SELECT s.secret FROM files.secret s);
END $$;
REVOKE ALL ON FUNCTION files.own_secret() FROM PUBLIC;

CREATE TABLE files.contents (
    hash bytea PRIMARY KEY CHECK (length(hash) = 32),
    size bigint NOT NULL CHECK (size >= 0),
    location text NOT NULL CHECK (location IN ('database', 'disk', 's3')),
    data bytea CHECK (length(data) = size),
    made timestamptz NOT NULL DEFAULT now(),
    UNIQUE (hash, size),
    CHECK ((location = 'database') = (data IS NOT NULL))
);

CREATE TABLE files.buckets (
    name text PRIMARY KEY CHECK (files.check_bucket(name)),
    owner name NOT NULL DEFAULT current_user,
    public boolean NOT NULL DEFAULT false,
    versioning boolean NOT NULL DEFAULT false,
    quota bigint CHECK (quota >= 0),
    readers name[] NOT NULL DEFAULT '{}',
    writers name[] NOT NULL DEFAULT '{}',
    made timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN files.buckets.public IS 'everybody may read it, over HTTP without a password';
COMMENT ON COLUMN files.buckets.versioning IS 'what is replaced or deleted stays as a version';
COMMENT ON COLUMN files.buckets.quota IS 'bytes of all versions; NULL is no limit';
COMMENT ON COLUMN files.buckets.readers IS 'roles that may read it, beside the owner and the writers';
COMMENT ON COLUMN files.buckets.writers IS 'roles that may write to it, beside the owner';

CREATE SEQUENCE files.versions;
CREATE TABLE files.objects (
    bucket text NOT NULL REFERENCES files.buckets ON UPDATE CASCADE,
    name text NOT NULL CHECK (files.check_name(name)),
    version bigint NOT NULL DEFAULT nextval('files.versions'),
    latest boolean NOT NULL DEFAULT true,
    hash bytea NOT NULL,
    size bigint NOT NULL,
    content_type text NOT NULL DEFAULT 'application/octet-stream' CHECK (length(content_type) <= 255 AND content_type !~ '[^ -~]'),
    metadata jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    made timestamptz NOT NULL DEFAULT now(),
    made_by name NOT NULL DEFAULT current_user,
    PRIMARY KEY (bucket, name, version),
    FOREIGN KEY (hash, size) REFERENCES files.contents (hash, size)
);
CREATE UNIQUE INDEX objects_latest ON files.objects (bucket, name) WHERE latest;
CREATE INDEX objects_hash ON files.objects (hash, size);
CREATE INDEX objects_made_by ON files.objects (made_by);

-- Bytes that the objects of a role may have together.
CREATE TABLE files.quotas (role name PRIMARY KEY, quota bigint NOT NULL CHECK (quota >= 0));

-- What is dumped: what is set up, and files whose contents are in the database. Those whose contents are elsewhere would be names of nothing where the dump is restored.
SELECT pg_catalog.pg_extension_config_dump('buckets', '');
SELECT pg_catalog.pg_extension_config_dump('quotas', '');
SELECT pg_catalog.pg_extension_config_dump('contents', 'WHERE location = ''database''');
SELECT pg_catalog.pg_extension_config_dump('objects', 'WHERE EXISTS (SELECT FROM files.contents c WHERE c.hash = objects.hash AND c.location = ''database'')');
SELECT pg_catalog.pg_extension_config_dump('versions', '');

-- Uploads that go on (tus, resumable uploads of the IETF). The server keeps them; a role sees its own, and among those who come by foreign tokens each subject.
CREATE TABLE files.uploads (
    id uuid PRIMARY KEY,
    owner name NOT NULL,
    -- zserver.subject
    subject text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('whole', 'partial', 'final')),
    bucket text,
    name text,
    content_type text NOT NULL DEFAULT 'application/octet-stream',
    metadata jsonb NOT NULL DEFAULT '{}',
    told text,
    length bigint CHECK (length >= 0),
    received bigint NOT NULL DEFAULT 0 CHECK (received >= 0),
    parts uuid[],
    version bigint,
    made timestamptz NOT NULL DEFAULT now(),
    expires timestamptz NOT NULL,
    finished timestamptz,
    CHECK (received <= length)
);
COMMENT ON COLUMN files.uploads.received IS 'bytes that are on disk: what a client is told';
COMMENT ON COLUMN files.uploads.told IS 'the metadata as the client wrote it';
CREATE INDEX uploads_expires ON files.uploads (expires);
CREATE INDEX uploads_owner ON files.uploads (owner);

-- Whether this transaction has a receipt for a content, of one of these kinds: 'content' says that the server has put it where it says that it is, 'small' that the caller had it in hand.
CREATE FUNCTION files.has_receipt(content bytea, kinds text[]) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM files.secret s, unnest(kinds) AS k (kind)
        WHERE current_setting('files.receipt', true) = encode(files.hmac_sha256(convert_to(k.kind, 'UTF8') || content, s.secret), 'hex'));
END $$;

-- Whether a role may give an object this content: it has it in hand, or may read it.
CREATE FUNCTION files.may_use(content bytea) RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN files.has_receipt(content, '{content,small}') OR EXISTS (SELECT FROM files.objects o WHERE o.hash = content);
END $$;

ALTER TABLE files.buckets ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON files.buckets USING (files.is_member(owner)) WITH CHECK (files.is_member(owner));
CREATE POLICY seen ON files.buckets FOR SELECT USING (public OR EXISTS (SELECT FROM unnest(readers || writers) r WHERE files.is_member(r)));
GRANT SELECT, UPDATE, DELETE ON files.buckets TO PUBLIC;

ALTER TABLE files.objects ENABLE ROW LEVEL SECURITY;
CREATE POLICY read ON files.objects FOR SELECT USING (bucket IN (SELECT b.name FROM files.buckets b));
CREATE POLICY write ON files.objects USING (bucket IN (SELECT b.name FROM files.buckets b WHERE files.is_member(b.owner) OR EXISTS (SELECT FROM unnest(b.writers) w WHERE files.is_member(w))));
CREATE POLICY content ON files.objects AS RESTRICTIVE FOR INSERT WITH CHECK (files.may_use(hash));
GRANT SELECT, DELETE, INSERT (bucket, name, latest, hash, size, content_type, metadata), UPDATE (latest, content_type, metadata) ON files.objects TO PUBLIC;
GRANT USAGE ON SEQUENCE files.versions TO PUBLIC;

ALTER TABLE files.contents ENABLE ROW LEVEL SECURITY;
CREATE POLICY read ON files.contents FOR SELECT USING (EXISTS (SELECT FROM files.objects o WHERE o.hash = contents.hash));
GRANT SELECT ON files.contents TO PUBLIC;

ALTER TABLE files.uploads ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON files.uploads USING (files.is_member(owner) AND subject = current_setting('zserver.subject'));
GRANT SELECT ON files.uploads TO PUBLIC;
ALTER TABLE files.quotas ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON files.quotas FOR SELECT USING (files.is_member(role));
GRANT SELECT ON files.quotas TO PUBLIC;
GRANT USAGE ON SCHEMA files TO PUBLIC;

-- Bytes that there is still room for; NULL is no limit. For the server, which asks before it reads.
CREATE FUNCTION files.room(in_bucket text, of_role name) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT least(
        (SELECT b.quota - (SELECT coalesce(sum(o.size), 0) FROM files.objects o WHERE o.bucket = b.name) FROM files.buckets b WHERE b.name = in_bucket AND b.quota IS NOT NULL),
        (SELECT q.quota - (SELECT coalesce(sum(o.size), 0) FROM files.objects o WHERE o.made_by = q.role) FROM files.quotas q WHERE q.role = of_role))::bigint
$$;
REVOKE ALL ON FUNCTION files.room(text, name) FROM PUBLIC;

CREATE FUNCTION files.check_quota() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    allowed bigint;
BEGIN
    IF EXISTS (SELECT FROM files.buckets b WHERE b.name = NEW.bucket AND b.quota IS NOT NULL) THEN
        -- One after the other: the sum has to see what others add.
        SELECT b.quota INTO allowed FROM files.buckets b WHERE b.name = NEW.bucket FOR NO KEY UPDATE;
        IF (SELECT sum(o.size) FROM files.objects o WHERE o.bucket = NEW.bucket) > allowed THEN
            RAISE EXCEPTION 'bucket "%" would have more than its quota of % bytes', NEW.bucket, allowed USING ERRCODE = '54000';
        END IF;
    END IF;
    IF EXISTS (SELECT FROM files.quotas q WHERE q.role = NEW.made_by) THEN
        SELECT q.quota INTO allowed FROM files.quotas q WHERE q.role = NEW.made_by FOR NO KEY UPDATE;
        IF (SELECT sum(o.size) FROM files.objects o WHERE o.made_by = NEW.made_by) > allowed THEN
            RAISE EXCEPTION 'the files of role "%" would have more than its quota of % bytes', NEW.made_by, allowed USING ERRCODE = '54000';
        END IF;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER quota AFTER INSERT ON files.objects FOR EACH ROW EXECUTE FUNCTION files.check_quota();

-- Notes a content that the server has put where it says, or that is in the argument. Only the server has the receipt that this takes, and its transactions give it up before anything of a role's own runs.
CREATE FUNCTION files.add_content(content bytea, bytes bigint, place text, small bytea) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT files.has_receipt(content, '{content}') THEN
        RAISE EXCEPTION 'permission denied to add a content' USING ERRCODE = '42501', HINT = 'Use files.put, or HTTP.';
    END IF;
    IF files.blake3(small) <> content THEN
        RAISE EXCEPTION 'the bytes are not those of the content' USING ERRCODE = '22023';
    END IF;
    INSERT INTO files.contents (hash, size, location, data) VALUES (content, bytes, place, small) ON CONFLICT DO NOTHING;
    -- What is known to be somewhere else is here now, whatever has become of the other place.
    UPDATE files.contents c SET location = place, data = small WHERE c.hash = content AND c.location <> place;
END $$;

-- Adds a small content; answers the receipt that lets an object have it, and changes nothing that is there.
CREATE FUNCTION files.add_small(small bytea) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF length(small) > 1048576 THEN
        RAISE EXCEPTION 'a file from SQL has at most 1048576 bytes' USING ERRCODE = '54000', HINT = 'Upload it over HTTP.';
    END IF;
    INSERT INTO files.contents (hash, size, location, data) VALUES (files.blake3(small), length(small), 'database', small) ON CONFLICT DO NOTHING;
    RETURN encode(files.hmac_sha256(convert_to('small', 'UTF8') || files.blake3(small), files.own_secret()), 'hex');
END $$;

-- Makes an object of a content that is there; answers its version. only_if: NULL, or the hash that the name has to have now, in hexadecimal, '*' for any, '-' for none.
CREATE FUNCTION files.store(in_bucket text, as_name text, content bytea, bytes bigint, type text, meta jsonb, only_if text[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    keeps boolean;
    now_there text;
    made_version bigint;
BEGIN
    SELECT b.versioning INTO keeps FROM files.buckets b WHERE b.name = in_bucket;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'bucket "%" does not exist', in_bucket USING ERRCODE = '42704';
    END IF;
    -- One after the other for each name: the next statement sees who was before.
    PERFORM pg_advisory_xact_lock(hashtextextended(in_bucket || '/' || as_name, 7170137));
    SELECT encode(o.hash, 'hex') INTO now_there FROM files.objects o WHERE o.bucket = in_bucket AND o.name = as_name AND o.latest;
    IF only_if IS NOT NULL AND NOT (CASE WHEN now_there IS NULL THEN '-' = ANY (only_if) ELSE now_there = ANY (only_if) OR '*' = ANY (only_if) END) THEN
        RAISE EXCEPTION 'the condition does not hold for "%" in bucket "%"', as_name, in_bucket USING ERRCODE = '55000', DETAIL = coalesce('It is ' || now_there || ' now.', 'It does not exist.');
    END IF;
    IF now_there IS NOT NULL THEN
        IF keeps THEN
            UPDATE files.objects o SET latest = false WHERE o.bucket = in_bucket AND o.name = as_name AND o.latest;
        ELSE
            DELETE FROM files.objects o WHERE o.bucket = in_bucket AND o.name = as_name AND o.latest;
        END IF;
    END IF;
    INSERT INTO files.objects (bucket, name, hash, size, content_type, metadata)
        VALUES (in_bucket, as_name, content, bytes, coalesce(type, 'application/octet-stream'), coalesce(meta, '{}')) RETURNING version INTO made_version;
    RETURN made_version;
END $$;

-- Stores a small file; answers its version.
CREATE FUNCTION files.put(bucket text, name text, data bytea, content_type text DEFAULT NULL, metadata jsonb DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_catalog.set_config('files.receipt', files.add_small(data), true);
    RETURN files.store(bucket, name, files.blake3(data), length(data), content_type, metadata, NULL);
END $$;

-- The bytes of a file whose content is in the database.
CREATE FUNCTION files.read(in_bucket text, of_name text, of_version bigint DEFAULT NULL) RETURNS bytea LANGUAGE plpgsql STABLE AS $$
DECLARE
    found_one record;
BEGIN
    SELECT c.data, c.location, c.size INTO found_one FROM files.objects o JOIN files.contents c ON c.hash = o.hash
        WHERE o.bucket = in_bucket AND o.name = of_name AND CASE WHEN of_version IS NULL THEN o.latest ELSE o.version = of_version END;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'file "%" does not exist in bucket "%"', of_name, in_bucket USING ERRCODE = '58P01';
    END IF;
    IF found_one.data IS NULL THEN
        RAISE EXCEPTION 'reading a file of % bytes in SQL is not supported', found_one.size USING ERRCODE = '0A000', HINT = 'Its content is not in the database: read it over HTTP.';
    END IF;
    RETURN found_one.data;
END $$;

-- Files of a bucket in the order of their names. Of names that have the delimiter after the prefix only what is before it is told, once, as is_prefix.
CREATE FUNCTION files.list(in_bucket text, prefix text DEFAULT '', delimiter text DEFAULT NULL, after text DEFAULT '', max_rows int DEFAULT 1000)
    RETURNS TABLE (name text, is_prefix boolean, version bigint, hash bytea, size bigint, content_type text, metadata jsonb, made timestamptz, made_by name) LANGUAGE plpgsql STABLE AS $$
DECLARE
    at text := after;
    one files.objects;
    rest text;
    cut int;
    told int := 0;
BEGIN
    WHILE told < max_rows LOOP
        SELECT o.* INTO one FROM files.objects o
            WHERE o.bucket = in_bucket AND o.latest AND o.name > at AND o.name >= prefix ORDER BY o.name LIMIT 1;
        EXIT WHEN NOT FOUND OR NOT starts_with(one.name, prefix);
        rest := substr(one.name, length(prefix) + 1);
        cut := CASE WHEN coalesce(delimiter, '') = '' THEN 0 ELSE strpos(rest, delimiter) END;
        IF cut > 0 THEN
            name := prefix || substr(rest, 1, cut + length(delimiter) - 1);
            -- Nothing that begins so comes after this.
            at := name || chr(1114111);
            IF name > after THEN
                is_prefix := true; version := NULL; hash := NULL; size := NULL; content_type := NULL; metadata := NULL; made := NULL; made_by := NULL;
                told := told + 1;
                RETURN NEXT;
            END IF;
        ELSE
            name := one.name; is_prefix := false; version := one.version; hash := one.hash; size := one.size;
            content_type := one.content_type; metadata := one.metadata; made := one.made; made_by := one.made_by;
            at := one.name;
            told := told + 1;
            RETURN NEXT;
        END IF;
    END LOOP;
END $$;

-- Deletes a file, or one version of it; answers whether there was one. In a bucket with versions a file that is deleted stays as a version; of one version that is deleted the one before it is the newest.
CREATE FUNCTION files.remove(in_bucket text, of_name text, of_version bigint DEFAULT NULL, only_if text[] DEFAULT NULL) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    keeps boolean;
    was record;
BEGIN
    SELECT b.versioning INTO keeps FROM files.buckets b WHERE b.name = in_bucket;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'bucket "%" does not exist', in_bucket USING ERRCODE = '42704';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended(in_bucket || '/' || of_name, 7170137));
    SELECT o.version, o.latest, encode(o.hash, 'hex') AS hash INTO was FROM files.objects o
        WHERE o.bucket = in_bucket AND o.name = of_name AND CASE WHEN of_version IS NULL THEN o.latest ELSE o.version = of_version END;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF only_if IS NOT NULL AND NOT (was.hash = ANY (only_if) OR '*' = ANY (only_if)) THEN
        RAISE EXCEPTION 'the condition does not hold for "%" in bucket "%"', of_name, in_bucket USING ERRCODE = '55000', DETAIL = 'It is ' || was.hash || ' now.';
    END IF;
    IF keeps AND of_version IS NULL THEN
        UPDATE files.objects o SET latest = false WHERE o.bucket = in_bucket AND o.name = of_name AND o.version = was.version;
        RETURN FOUND;
    END IF;
    DELETE FROM files.objects o WHERE o.bucket = in_bucket AND o.name = of_name AND o.version = was.version;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'permission denied to delete "%" in bucket "%"', of_name, in_bucket USING ERRCODE = '42501';
    END IF;
    IF was.latest AND of_version IS NOT NULL THEN
        UPDATE files.objects o SET latest = true WHERE o.bucket = in_bucket AND o.name = of_name
            AND o.version = (SELECT max(p.version) FROM files.objects p WHERE p.bucket = in_bucket AND p.name = of_name);
    END IF;
    RETURN true;
END $$;

-- What the server compares the signature of a URL with.
CREATE FUNCTION files.signature(as_role name, method text, bucket text, name text, expires bigint) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT coalesce(pg_has_role(session_user, as_role, 'MEMBER'), false) THEN
        RAISE EXCEPTION 'permission denied to sign for role "%"', as_role USING ERRCODE = '42501';
    END IF;
    RETURN encode(files.hmac_sha256(convert_to(concat_ws(E'\n', 'url', current_database(), as_role, method, bucket, expires::text, name), 'UTF8'), files.own_secret()), 'hex');
END $$;

-- A path and query on the HTTP port that needs no password: it lends the rights of the current role to one file, for one method, until it expires.
CREATE FUNCTION files.sign_url(bucket text, name text, method text DEFAULT 'GET', valid_for interval DEFAULT '1 hour') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    until bigint := extract(epoch FROM clock_timestamp() + valid_for)::bigint;
    verb text := upper(method);
BEGIN
    PERFORM files.check_bucket(bucket), files.check_name(name);
    IF verb NOT IN ('GET', 'PUT', 'DELETE') THEN
        RAISE EXCEPTION 'a URL is signed for GET, PUT or DELETE' USING ERRCODE = '22023';
    END IF;
    IF valid_for <= interval '0' OR valid_for > interval '7 days' THEN
        RAISE EXCEPTION 'a signed URL is valid for at most 7 days' USING ERRCODE = '22023';
    END IF;
    RETURN '/api/v1/files/' || bucket || '/' || files.encode_path(name)
        || '?database=' || replace(files.encode_path(current_database()::text), '/', '%2F') || '&role=' || replace(files.encode_path(current_user::text), '/', '%2F')
        || '&method=' || verb || '&expires=' || until || '&signature=' || files.signature(current_user, verb, bucket, name, until);
END $$;

-- Ends an upload in the transaction that makes its object.
CREATE FUNCTION files.finish_upload(upload uuid, made_version bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE files.uploads u SET finished = now(), version = made_version
        WHERE u.id = upload AND u.owner = session_user AND u.received = u.length AND u.finished IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the upload is finished, or not complete' USING ERRCODE = '55000';
    END IF;
END $$;
