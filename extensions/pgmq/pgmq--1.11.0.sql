-- The functions of pgmq, written anew from its documentation and from what its clients ask for. A queue is
-- two tables: pgmq.q_NAME, and pgmq.a_NAME of archived messages. Queues that are partitioned need another
-- extension (pg_partman), which is not here: they answer 0A000.

CREATE TABLE pgmq.meta (
    queue_name varchar NOT NULL UNIQUE,
    is_partitioned boolean NOT NULL,
    is_unlogged boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE pgmq.topic_bindings (
    pattern text NOT NULL,
    queue_name text NOT NULL,
    bound_at timestamptz NOT NULL DEFAULT now(),
    compiled_regex text NOT NULL,
    PRIMARY KEY (pattern, queue_name)
);
CREATE TABLE pgmq.notify_insert_throttle (
    queue_name text PRIMARY KEY,
    throttle_interval_ms integer NOT NULL CHECK (throttle_interval_ms >= 0),
    last_notified_at timestamptz NOT NULL DEFAULT '1970-01-01 00:00:00+00'
);

-- The tables of queues belong to nobody but who has made them, and are dumped like all others.
SELECT pg_catalog.pg_extension_config_dump('meta', '');
SELECT pg_catalog.pg_extension_config_dump('topic_bindings', '');
SELECT pg_catalog.pg_extension_config_dump('notify_insert_throttle', '');

CREATE TYPE pgmq.message_record AS (msg_id bigint, read_ct integer, enqueued_at timestamptz, last_read_at timestamptz, vt timestamptz, message jsonb, headers jsonb);
CREATE TYPE pgmq.queue_record AS (queue_name varchar, is_partitioned boolean, is_unlogged boolean, created_at timestamptz);
CREATE TYPE pgmq.metrics_result AS (queue_name text, queue_length bigint, newest_msg_age_sec integer, oldest_msg_age_sec integer, total_messages bigint, scrape_time timestamptz, queue_visible_length bigint);

-- Names. Letters of either case name the same queue.
CREATE FUNCTION pgmq.validate_queue_name(queue_name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(queue_name, '') = '' THEN
        RAISE EXCEPTION 'queue name cannot be empty' USING ERRCODE = '22023';
    ELSIF length(queue_name) > 47 THEN
        RAISE EXCEPTION 'queue name is too long, maximum length is 47 characters' USING ERRCODE = '22023';
    ELSIF queue_name ~ '\$|;|--|''' THEN
        RAISE EXCEPTION 'queue name contains invalid characters: $, ;, --, or ''' USING ERRCODE = '22023';
    END IF;
END $$;
CREATE FUNCTION pgmq.format_table_name(queue_name text, prefix text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pgmq.validate_queue_name(queue_name);
    RETURN lower(prefix || '_' || queue_name);
END $$;

CREATE FUNCTION pgmq.create_tables(queue_name text, persistence text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    q text := pgmq.format_table_name(queue_name, 'q');
    a text := pgmq.format_table_name(queue_name, 'a');
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('pgmq ' || lower(queue_name), 0));
    EXECUTE format('CREATE %s TABLE IF NOT EXISTS pgmq.%I (msg_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, read_ct integer NOT NULL DEFAULT 0,
        enqueued_at timestamptz NOT NULL DEFAULT now(), last_read_at timestamptz, vt timestamptz NOT NULL, message jsonb, headers jsonb)', persistence, q);
    EXECUTE format('CREATE TABLE IF NOT EXISTS pgmq.%I (msg_id bigint PRIMARY KEY, read_ct integer NOT NULL DEFAULT 0,
        enqueued_at timestamptz NOT NULL DEFAULT now(), last_read_at timestamptz, archived_at timestamptz NOT NULL DEFAULT now(), vt timestamptz NOT NULL, message jsonb, headers jsonb)', a);
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON pgmq.%I (vt)', q || '_vt_idx', q);
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON pgmq.%I (archived_at)', 'archived_at_idx_' || lower(queue_name), a);
    INSERT INTO pgmq.meta AS m (queue_name, is_partitioned, is_unlogged) VALUES (create_tables.queue_name, false, persistence <> '')
        ON CONFLICT DO NOTHING;
END $$;
CREATE FUNCTION pgmq.create(queue_name text) RETURNS void LANGUAGE sql AS 'SELECT pgmq.create_tables(queue_name, '''')';
CREATE FUNCTION pgmq.create_non_partitioned(queue_name text) RETURNS void LANGUAGE sql AS 'SELECT pgmq.create_tables(queue_name, '''')';
CREATE FUNCTION pgmq.create_unlogged(queue_name text) RETURNS void LANGUAGE sql AS 'SELECT pgmq.create_tables(queue_name, ''UNLOGGED'')';
CREATE FUNCTION pgmq.create_partitioned(queue_name text, partition_interval text DEFAULT '10000', retention_interval text DEFAULT '100000') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'partitioned queues are not supported' USING ERRCODE = '0A000', HINT = 'They need pg_partman.';
END $$;
CREATE FUNCTION pgmq.convert_archive_partitioned(table_name text, partition_interval text DEFAULT '10000', retention_interval text DEFAULT '100000', leading_partition integer DEFAULT 10) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'partitioned archives are not supported' USING ERRCODE = '0A000', HINT = 'They need pg_partman.';
END $$;
CREATE FUNCTION pgmq.drop_queue(queue_name text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('DROP TABLE IF EXISTS pgmq.%I', pgmq.format_table_name(queue_name, 'q'));
    EXECUTE format('DROP TABLE IF EXISTS pgmq.%I', pgmq.format_table_name(queue_name, 'a'));
    DELETE FROM pgmq.topic_bindings b WHERE lower(b.queue_name) = lower(drop_queue.queue_name);
    DELETE FROM pgmq.notify_insert_throttle t WHERE lower(t.queue_name) = lower(drop_queue.queue_name);
    DELETE FROM pgmq.meta m WHERE lower(m.queue_name) = lower(drop_queue.queue_name);
    RETURN FOUND;
END $$;
-- Deprecated where it comes from, too: an archive is no part of the extension to begin with.
CREATE FUNCTION pgmq.detach_archive(queue_name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pgmq.validate_queue_name(queue_name);
    RAISE WARNING 'detach_archive is deprecated and does nothing: archives are not members of the extension';
END $$;
CREATE FUNCTION pgmq.list_queues() RETURNS SETOF pgmq.queue_record LANGUAGE sql STABLE AS
    'SELECT queue_name, is_partitioned, is_unlogged, created_at FROM pgmq.meta';
CREATE FUNCTION pgmq.purge_queue(queue_name text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    purged bigint;
BEGIN
    EXECUTE format('DELETE FROM pgmq.%I', pgmq.format_table_name(queue_name, 'q'));
    GET DIAGNOSTICS purged = ROW_COUNT;
    RETURN purged;
END $$;

-- Sending.
CREATE FUNCTION pgmq.send(queue_name text, msg jsonb, headers jsonb, delay timestamptz) RETURNS SETOF bigint LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('INSERT INTO pgmq.%I (vt, message, headers) VALUES ($1, $2, $3) RETURNING msg_id', pgmq.format_table_name(queue_name, 'q'))
        USING delay, msg, headers;
END $$;
CREATE FUNCTION pgmq.send(queue_name text, msg jsonb) RETURNS SETOF bigint LANGUAGE sql AS 'SELECT pgmq.send(queue_name, msg, NULL::jsonb, clock_timestamp())';
CREATE FUNCTION pgmq.send(queue_name text, msg jsonb, headers jsonb) RETURNS SETOF bigint LANGUAGE sql AS 'SELECT pgmq.send(queue_name, msg, headers, clock_timestamp())';
CREATE FUNCTION pgmq.send(queue_name text, msg jsonb, delay integer) RETURNS SETOF bigint LANGUAGE sql AS 'SELECT pgmq.send(queue_name, msg, NULL::jsonb, clock_timestamp() + make_interval(secs => delay))';
CREATE FUNCTION pgmq.send(queue_name text, msg jsonb, delay timestamptz) RETURNS SETOF bigint LANGUAGE sql AS 'SELECT pgmq.send(queue_name, msg, NULL::jsonb, delay)';
CREATE FUNCTION pgmq.send(queue_name text, msg jsonb, headers jsonb, delay integer) RETURNS SETOF bigint LANGUAGE sql AS 'SELECT pgmq.send(queue_name, msg, headers, clock_timestamp() + make_interval(secs => delay))';

CREATE FUNCTION pgmq.send_batch(queue_name text, msgs jsonb[], headers jsonb[], delay timestamptz) RETURNS SETOF bigint LANGUAGE plpgsql AS $$
BEGIN
    IF msgs IS NULL OR cardinality(msgs) = 0 THEN
        RAISE EXCEPTION 'msgs cannot be NULL or empty' USING ERRCODE = '22023';
    ELSIF cardinality(headers) <> cardinality(msgs) THEN
        RAISE EXCEPTION 'headers must have as many elements as msgs' USING ERRCODE = '22023';
    END IF;
    RETURN QUERY EXECUTE format('INSERT INTO pgmq.%I (vt, message, headers) SELECT $2, u.m, u.h FROM unnest($1, coalesce($3, array_fill(NULL::jsonb, ARRAY[cardinality($1)]))) WITH ORDINALITY AS u (m, h, place) ORDER BY place RETURNING msg_id',
        pgmq.format_table_name(queue_name, 'q')) USING msgs, delay, headers;
END $$;
CREATE FUNCTION pgmq.send_batch(queue_name text, msgs jsonb[]) RETURNS SETOF bigint LANGUAGE sql AS 'SELECT pgmq.send_batch(queue_name, msgs, NULL::jsonb[], clock_timestamp())';
CREATE FUNCTION pgmq.send_batch(queue_name text, msgs jsonb[], headers jsonb[]) RETURNS SETOF bigint LANGUAGE sql AS 'SELECT pgmq.send_batch(queue_name, msgs, headers, clock_timestamp())';
CREATE FUNCTION pgmq.send_batch(queue_name text, msgs jsonb[], delay integer) RETURNS SETOF bigint LANGUAGE sql AS 'SELECT pgmq.send_batch(queue_name, msgs, NULL::jsonb[], clock_timestamp() + make_interval(secs => delay))';
CREATE FUNCTION pgmq.send_batch(queue_name text, msgs jsonb[], delay timestamptz) RETURNS SETOF bigint LANGUAGE sql AS 'SELECT pgmq.send_batch(queue_name, msgs, NULL::jsonb[], delay)';
CREATE FUNCTION pgmq.send_batch(queue_name text, msgs jsonb[], headers jsonb[], delay integer) RETURNS SETOF bigint LANGUAGE sql AS 'SELECT pgmq.send_batch(queue_name, msgs, headers, clock_timestamp() + make_interval(secs => delay))';

-- Reading: a message that was read is not seen for `vt` seconds.
CREATE FUNCTION pgmq.read(queue_name text, vt integer, qty integer, conditional jsonb DEFAULT '{}') RETURNS SETOF pgmq.message_record LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('WITH picked AS (SELECT msg_id FROM pgmq.%1$I WHERE vt <= clock_timestamp() AND message @> $3 ORDER BY msg_id LIMIT $1 FOR UPDATE SKIP LOCKED),
            seen AS (UPDATE pgmq.%1$I m SET last_read_at = clock_timestamp(), vt = clock_timestamp() + make_interval(secs => $2), read_ct = m.read_ct + 1
            FROM picked WHERE m.msg_id = picked.msg_id RETURNING m.msg_id, m.read_ct, m.enqueued_at, m.last_read_at, m.vt, m.message, m.headers)
        SELECT * FROM seen ORDER BY msg_id', pgmq.format_table_name(queue_name, 'q')) USING qty, vt, coalesce(conditional, '{}');
END $$;

-- Those of a list of ids, in its order.
CREATE FUNCTION pgmq.read_ids(queue_name text, vt integer, ids bigint[]) RETURNS SETOF pgmq.message_record LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('WITH seen AS (UPDATE pgmq.%I m SET last_read_at = clock_timestamp(), vt = clock_timestamp() + make_interval(secs => $2), read_ct = m.read_ct + 1
            WHERE m.msg_id = ANY ($1) AND m.vt <= clock_timestamp() RETURNING m.msg_id, m.read_ct, m.enqueued_at, m.last_read_at, m.vt, m.message, m.headers)
        SELECT * FROM seen ORDER BY array_position($1, msg_id)', pgmq.format_table_name(queue_name, 'q')) USING ids, vt;
END $$;

-- Messages of one group (header x-pgmq-group) are read in order: none while an earlier one of it is out.
-- One reader at a time is at a group. `by_turns`: one message of each group, then the second of each.
CREATE FUNCTION pgmq.read_groups(queue_name text, vt integer, qty integer, by_turns boolean) RETURNS SETOF pgmq.message_record LANGUAGE plpgsql AS $$
DECLARE
    q text := pgmq.format_table_name(queue_name, 'q');
    candidate text;
    mine text[] := '{}';
    ids bigint[];
BEGIN
    FOR candidate IN EXECUTE format('SELECT coalesce(headers ->> ''x-pgmq-group'', '''') FROM pgmq.%I GROUP BY 1 HAVING max(vt) <= clock_timestamp() ORDER BY min(msg_id) LIMIT 1000', q) LOOP
        IF pg_try_advisory_xact_lock(hashtextextended(q || ' ' || candidate, 0)) THEN
            mine := mine || candidate;
            EXIT WHEN cardinality(mine) >= qty;
        END IF;
    END LOOP;
    -- Again, now that nobody else is at them.
    EXECUTE format('WITH waiting AS (SELECT msg_id, vt, coalesce(headers ->> ''x-pgmq-group'', '''') AS name FROM pgmq.%I),
            free AS (SELECT name, min(msg_id) AS first FROM waiting WHERE name = ANY ($1) GROUP BY name HAVING max(vt) <= clock_timestamp()),
            placed AS (SELECT w.msg_id, f.first, row_number() OVER (PARTITION BY w.name ORDER BY w.msg_id) AS place FROM waiting w JOIN free f ON f.name = w.name)
        SELECT array_agg(msg_id ORDER BY turn, first, place) FROM (SELECT msg_id, first, place, CASE WHEN $3 THEN place ELSE 0 END AS turn FROM placed ORDER BY 4, 2, 3 LIMIT $2) chosen', q)
        INTO ids USING mine, qty, by_turns;
    RETURN QUERY SELECT * FROM pgmq.read_ids(queue_name, vt, coalesce(ids, '{}'));
END $$;
CREATE FUNCTION pgmq.read_grouped(queue_name text, vt integer, qty integer) RETURNS SETOF pgmq.message_record LANGUAGE sql AS 'SELECT * FROM pgmq.read_groups(queue_name, vt, qty, false)';
CREATE FUNCTION pgmq.read_grouped_rr(queue_name text, vt integer, qty integer) RETURNS SETOF pgmq.message_record LANGUAGE sql AS 'SELECT * FROM pgmq.read_groups(queue_name, vt, qty, true)';

CREATE FUNCTION pgmq.poll(reading text, queue_name text, vt integer, qty integer, max_poll_seconds integer, poll_interval_ms integer, conditional jsonb) RETURNS SETOF pgmq.message_record LANGUAGE plpgsql AS $$
DECLARE
    until timestamptz := clock_timestamp() + make_interval(secs => max_poll_seconds);
BEGIN
    IF poll_interval_ms < 1 THEN
        RAISE EXCEPTION 'poll_interval_ms must be greater than 0' USING ERRCODE = '22023';
    END IF;
    LOOP
        CASE reading
            WHEN 'plain' THEN RETURN QUERY SELECT * FROM pgmq.read(queue_name, vt, qty, conditional);
            WHEN 'grouped' THEN RETURN QUERY SELECT * FROM pgmq.read_grouped(queue_name, vt, qty);
            ELSE RETURN QUERY SELECT * FROM pgmq.read_grouped_rr(queue_name, vt, qty);
        END CASE;
        IF FOUND OR clock_timestamp() >= until THEN
            RETURN;
        END IF;
        PERFORM pg_sleep(least(poll_interval_ms / 1000.0, greatest(extract(epoch FROM until - clock_timestamp()), 0))::float8);
    END LOOP;
END $$;
CREATE FUNCTION pgmq.read_with_poll(queue_name text, vt integer, qty integer, max_poll_seconds integer DEFAULT 5, poll_interval_ms integer DEFAULT 100, conditional jsonb DEFAULT '{}')
    RETURNS SETOF pgmq.message_record LANGUAGE sql AS 'SELECT * FROM pgmq.poll(''plain'', queue_name, vt, qty, max_poll_seconds, poll_interval_ms, conditional)';
CREATE FUNCTION pgmq.read_grouped_with_poll(queue_name text, vt integer, qty integer, max_poll_seconds integer DEFAULT 5, poll_interval_ms integer DEFAULT 100)
    RETURNS SETOF pgmq.message_record LANGUAGE sql AS 'SELECT * FROM pgmq.poll(''grouped'', queue_name, vt, qty, max_poll_seconds, poll_interval_ms, NULL)';
CREATE FUNCTION pgmq.read_grouped_rr_with_poll(queue_name text, vt integer, qty integer, max_poll_seconds integer DEFAULT 5, poll_interval_ms integer DEFAULT 100)
    RETURNS SETOF pgmq.message_record LANGUAGE sql AS 'SELECT * FROM pgmq.poll(''turns'', queue_name, vt, qty, max_poll_seconds, poll_interval_ms, NULL)';

CREATE FUNCTION pgmq.pop(queue_name text, qty integer DEFAULT 1) RETURNS SETOF pgmq.message_record LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('WITH picked AS (SELECT msg_id FROM pgmq.%1$I WHERE vt <= clock_timestamp() ORDER BY msg_id LIMIT $1 FOR UPDATE SKIP LOCKED),
            gone AS (DELETE FROM pgmq.%1$I WHERE msg_id IN (SELECT msg_id FROM picked) RETURNING msg_id, read_ct, enqueued_at, last_read_at, vt, message, headers)
        SELECT * FROM gone ORDER BY msg_id', pgmq.format_table_name(queue_name, 'q')) USING qty;
END $$;

-- Done with.
CREATE FUNCTION pgmq.delete(queue_name text, msg_ids bigint[]) RETURNS SETOF bigint LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('DELETE FROM pgmq.%I WHERE msg_id = ANY ($1) RETURNING msg_id', pgmq.format_table_name(queue_name, 'q')) USING msg_ids;
END $$;
CREATE FUNCTION pgmq.delete(queue_name text, msg_id bigint) RETURNS boolean LANGUAGE sql AS 'SELECT EXISTS (SELECT 1 FROM pgmq.delete(queue_name, ARRAY[msg_id]))';
CREATE FUNCTION pgmq.archive(queue_name text, msg_ids bigint[]) RETURNS SETOF bigint LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('WITH gone AS (DELETE FROM pgmq.%I WHERE msg_id = ANY ($1) RETURNING msg_id, read_ct, enqueued_at, last_read_at, vt, message, headers)
        INSERT INTO pgmq.%I (msg_id, read_ct, enqueued_at, last_read_at, vt, message, headers) SELECT * FROM gone RETURNING msg_id',
        pgmq.format_table_name(queue_name, 'q'), pgmq.format_table_name(queue_name, 'a')) USING msg_ids;
END $$;
CREATE FUNCTION pgmq.archive(queue_name text, msg_id bigint) RETURNS boolean LANGUAGE sql AS 'SELECT EXISTS (SELECT 1 FROM pgmq.archive(queue_name, ARRAY[msg_id]))';

-- When a message is seen again.
CREATE FUNCTION pgmq.set_vt(queue_name text, msg_ids bigint[], vt timestamptz) RETURNS SETOF pgmq.message_record LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('UPDATE pgmq.%I SET vt = $2 WHERE msg_id = ANY ($1) RETURNING msg_id, read_ct, enqueued_at, last_read_at, vt, message, headers',
        pgmq.format_table_name(queue_name, 'q')) USING msg_ids, vt;
END $$;
CREATE FUNCTION pgmq.set_vt(queue_name text, msg_id bigint, vt timestamptz) RETURNS SETOF pgmq.message_record LANGUAGE sql AS 'SELECT * FROM pgmq.set_vt(queue_name, ARRAY[msg_id], vt)';
CREATE FUNCTION pgmq.set_vt(queue_name text, msg_ids bigint[], vt integer) RETURNS SETOF pgmq.message_record LANGUAGE sql AS 'SELECT * FROM pgmq.set_vt(queue_name, msg_ids, clock_timestamp() + make_interval(secs => vt))';
CREATE FUNCTION pgmq.set_vt(queue_name text, msg_id bigint, vt integer) RETURNS SETOF pgmq.message_record LANGUAGE sql AS 'SELECT * FROM pgmq.set_vt(queue_name, ARRAY[msg_id], clock_timestamp() + make_interval(secs => vt))';

-- Counts.
CREATE FUNCTION pgmq.metrics(queue_name text) RETURNS pgmq.metrics_result LANGUAGE plpgsql AS $$
DECLARE
    q text := pgmq.format_table_name(queue_name, 'q');
    result pgmq.metrics_result;
BEGIN
    EXECUTE format('SELECT $1, count(*), extract(epoch FROM clock_timestamp() - max(enqueued_at))::integer, extract(epoch FROM clock_timestamp() - min(enqueued_at))::integer,
            (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM pgmq.%I), clock_timestamp(), count(*) FILTER (WHERE vt <= clock_timestamp()) FROM pgmq.%I',
        q || '_msg_id_seq', q) INTO result USING queue_name;
    RETURN result;
END $$;
CREATE FUNCTION pgmq.metrics_all() RETURNS SETOF pgmq.metrics_result LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT queue_name FROM pgmq.meta ORDER BY queue_name LOOP
        RETURN NEXT pgmq.metrics(name);
    END LOOP;
END $$;

-- NOTIFY, at most once in an interval.
CREATE FUNCTION pgmq.notify_queue_listeners() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    due text;
BEGIN
    SELECT t.queue_name INTO due FROM pgmq.notify_insert_throttle t
        WHERE t.queue_name = substr(TG_TABLE_NAME, 3) AND t.last_notified_at + make_interval(secs => t.throttle_interval_ms / 1000.0) <= clock_timestamp() FOR UPDATE SKIP LOCKED;
    IF due IS NOT NULL THEN
        UPDATE pgmq.notify_insert_throttle t SET last_notified_at = clock_timestamp() WHERE t.queue_name = due;
        PERFORM pg_notify('pgmq.' || TG_TABLE_NAME || '.' || TG_OP, NULL);
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION pgmq.enable_notify_insert(queue_name text, throttle_interval_ms integer DEFAULT 250) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    q text := pgmq.format_table_name(queue_name, 'q');
BEGIN
    IF throttle_interval_ms < 0 THEN
        RAISE EXCEPTION 'throttle_interval_ms must be non-negative, got: %', throttle_interval_ms USING ERRCODE = '22023';
    ELSIF to_regclass(format('pgmq.%I', q)) IS NULL THEN
        RAISE EXCEPTION 'Queue "%" does not exist. Create it first using pgmq.create()', queue_name USING ERRCODE = '42P01';
    END IF;
    PERFORM pgmq.disable_notify_insert(queue_name);
    INSERT INTO pgmq.notify_insert_throttle (queue_name, throttle_interval_ms) VALUES (lower(enable_notify_insert.queue_name), enable_notify_insert.throttle_interval_ms);
    EXECUTE format('CREATE TRIGGER trigger_notify_queue_insert_listeners AFTER INSERT ON pgmq.%I FOR EACH STATEMENT EXECUTE FUNCTION pgmq.notify_queue_listeners()', q);
END $$;
CREATE FUNCTION pgmq.disable_notify_insert(queue_name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('DROP TRIGGER IF EXISTS trigger_notify_queue_insert_listeners ON pgmq.%I', pgmq.format_table_name(queue_name, 'q'));
    DELETE FROM pgmq.notify_insert_throttle t WHERE t.queue_name = lower(disable_notify_insert.queue_name);
END $$;
CREATE FUNCTION pgmq.update_notify_insert(queue_name text, throttle_interval_ms integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF throttle_interval_ms < 0 THEN
        RAISE EXCEPTION 'throttle_interval_ms must be non-negative, got: %', throttle_interval_ms USING ERRCODE = '22023';
    END IF;
    UPDATE pgmq.notify_insert_throttle t SET throttle_interval_ms = update_notify_insert.throttle_interval_ms, last_notified_at = '1970-01-01 00:00:00+00'
        WHERE t.queue_name = lower(update_notify_insert.queue_name);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Queue "%" does not have notify_insert enabled. Enable it first using pgmq.enable_notify_insert()', queue_name USING ERRCODE = '42704';
    END IF;
END $$;
CREATE FUNCTION pgmq.list_notify_insert_throttles() RETURNS TABLE (queue_name text, throttle_interval_ms integer, last_notified_at timestamptz) LANGUAGE sql STABLE AS
    'SELECT t.queue_name, t.throttle_interval_ms, t.last_notified_at FROM pgmq.notify_insert_throttle t ORDER BY t.queue_name';

-- Topics: words with dots between; in a pattern * is one word, and # any number of them.
CREATE FUNCTION pgmq.validate_routing_key(routing_key text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(routing_key, '') = '' OR length(routing_key) > 255 THEN
        RAISE EXCEPTION 'routing_key has from 1 to 255 characters' USING ERRCODE = '22023';
    ELSIF routing_key !~ '^[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*$' THEN
        RAISE EXCEPTION 'routing_key "%" is words of letters, digits, - and _, with dots between', routing_key USING ERRCODE = '22023';
    END IF;
    RETURN true;
END $$;
CREATE FUNCTION pgmq.validate_topic_pattern(pattern text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(pattern, '') = '' OR length(pattern) > 255 THEN
        RAISE EXCEPTION 'pattern has from 1 to 255 characters' USING ERRCODE = '22023';
    ELSIF pattern !~ '^([a-zA-Z0-9_-]+|\*|#)(\.([a-zA-Z0-9_-]+|\*|#))*$' THEN
        RAISE EXCEPTION 'pattern "%" is words of letters, digits, - and _, or * or #, with dots between', pattern USING ERRCODE = '22023';
    END IF;
    RETURN true;
END $$;
CREATE FUNCTION pgmq.compile_pattern(pattern text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    word text;
    words text[] := string_to_array(pattern, '.');
    regex text := '';
    -- Whether a dot comes before the next word.
    dot boolean := false;
BEGIN
    FOREACH word IN ARRAY words LOOP
        IF word = '#' THEN
            regex := regex || CASE WHEN dot THEN '(\.[^.]+)*' ELSE '([^.]+\.)*' END;
        ELSE
            regex := regex || CASE WHEN dot THEN '\.' ELSE '' END || CASE WHEN word = '*' THEN '[^.]+' ELSE word END;
            dot := true;
        END IF;
    END LOOP;
    -- Of # alone: the last word has no dot.
    RETURN '^' || CASE WHEN dot THEN regex ELSE regex || '[^.]+' END || '$';
END $$;
CREATE FUNCTION pgmq.bind_topic(pattern text, queue_name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pgmq.validate_topic_pattern(pattern);
    IF NOT EXISTS (SELECT 1 FROM pgmq.meta m WHERE lower(m.queue_name) = lower(bind_topic.queue_name)) THEN
        RAISE EXCEPTION 'Queue "%" does not exist. Create it first using pgmq.create()', queue_name USING ERRCODE = '42P01';
    END IF;
    INSERT INTO pgmq.topic_bindings (pattern, queue_name, compiled_regex) VALUES (bind_topic.pattern, bind_topic.queue_name, pgmq.compile_pattern(bind_topic.pattern))
        ON CONFLICT DO NOTHING;
END $$;
CREATE FUNCTION pgmq.unbind_topic(pattern text, queue_name text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM pgmq.topic_bindings b WHERE b.pattern = unbind_topic.pattern AND lower(b.queue_name) = lower(unbind_topic.queue_name);
    RETURN FOUND;
END $$;
CREATE FUNCTION pgmq.list_topic_bindings() RETURNS TABLE (pattern text, queue_name text, bound_at timestamptz, compiled_regex text) LANGUAGE sql STABLE AS
    'SELECT b.pattern, b.queue_name, b.bound_at, b.compiled_regex FROM pgmq.topic_bindings b ORDER BY b.bound_at, b.pattern, b.queue_name';
CREATE FUNCTION pgmq.list_topic_bindings(queue_name text) RETURNS TABLE (pattern text, queue_name text, bound_at timestamptz, compiled_regex text) LANGUAGE sql STABLE AS
    'SELECT b.pattern, b.queue_name, b.bound_at, b.compiled_regex FROM pgmq.topic_bindings b WHERE lower(b.queue_name) = lower($1) ORDER BY b.bound_at, b.pattern';
CREATE FUNCTION pgmq.test_routing(routing_key text) RETURNS TABLE (pattern text, queue_name text, compiled_regex text) LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM pgmq.validate_routing_key(routing_key);
    RETURN QUERY SELECT b.pattern, b.queue_name, b.compiled_regex FROM pgmq.topic_bindings b WHERE routing_key ~ b.compiled_regex ORDER BY b.pattern, b.queue_name;
END $$;
-- A queue that several patterns match has one message.
CREATE FUNCTION pgmq.send_batch_topic(routing_key text, msgs jsonb[], headers jsonb[], delay timestamptz) RETURNS TABLE (queue_name text, msg_id bigint) LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT DISTINCT r.queue_name FROM pgmq.test_routing(routing_key) r ORDER BY 1 LOOP
        RETURN QUERY SELECT name, s.id FROM pgmq.send_batch(name, msgs, headers, delay) AS s (id);
    END LOOP;
END $$;
CREATE FUNCTION pgmq.send_batch_topic(routing_key text, msgs jsonb[]) RETURNS TABLE (queue_name text, msg_id bigint) LANGUAGE sql AS 'SELECT * FROM pgmq.send_batch_topic(routing_key, msgs, NULL::jsonb[], clock_timestamp())';
CREATE FUNCTION pgmq.send_batch_topic(routing_key text, msgs jsonb[], headers jsonb[]) RETURNS TABLE (queue_name text, msg_id bigint) LANGUAGE sql AS 'SELECT * FROM pgmq.send_batch_topic(routing_key, msgs, headers, clock_timestamp())';
CREATE FUNCTION pgmq.send_batch_topic(routing_key text, msgs jsonb[], delay integer) RETURNS TABLE (queue_name text, msg_id bigint) LANGUAGE sql AS 'SELECT * FROM pgmq.send_batch_topic(routing_key, msgs, NULL::jsonb[], clock_timestamp() + make_interval(secs => delay))';
CREATE FUNCTION pgmq.send_batch_topic(routing_key text, msgs jsonb[], delay timestamptz) RETURNS TABLE (queue_name text, msg_id bigint) LANGUAGE sql AS 'SELECT * FROM pgmq.send_batch_topic(routing_key, msgs, NULL::jsonb[], delay)';
CREATE FUNCTION pgmq.send_batch_topic(routing_key text, msgs jsonb[], headers jsonb[], delay integer) RETURNS TABLE (queue_name text, msg_id bigint) LANGUAGE sql AS 'SELECT * FROM pgmq.send_batch_topic(routing_key, msgs, headers, clock_timestamp() + make_interval(secs => delay))';
-- How many queues have it.
CREATE FUNCTION pgmq.send_topic(routing_key text, msg jsonb, headers jsonb, delay integer) RETURNS integer LANGUAGE sql AS
    'SELECT count(*)::integer FROM pgmq.send_batch_topic(routing_key, ARRAY[msg], CASE WHEN headers IS NOT NULL THEN ARRAY[headers] END, clock_timestamp() + make_interval(secs => coalesce(delay, 0)))';
CREATE FUNCTION pgmq.send_topic(routing_key text, msg jsonb) RETURNS integer LANGUAGE sql AS 'SELECT pgmq.send_topic(routing_key, msg, NULL::jsonb, 0)';
CREATE FUNCTION pgmq.send_topic(routing_key text, msg jsonb, headers jsonb) RETURNS integer LANGUAGE sql AS 'SELECT pgmq.send_topic(routing_key, msg, headers, 0)';
CREATE FUNCTION pgmq.send_topic(routing_key text, msg jsonb, delay integer) RETURNS integer LANGUAGE sql AS 'SELECT pgmq.send_topic(routing_key, msg, NULL::jsonb, delay)';

CREATE FUNCTION pgmq.create_fifo_index(queue_name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    q text := pgmq.format_table_name(queue_name, 'q');
BEGIN
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON pgmq.%I ((coalesce(headers ->> ''x-pgmq-group'', '''')), msg_id)', q || '_fifo_idx', q);
END $$;
CREATE FUNCTION pgmq.create_fifo_indexes_all() RETURNS void LANGUAGE sql AS 'SELECT pgmq.create_fifo_index(queue_name) FROM pgmq.meta';
