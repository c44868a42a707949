-- Jobs. A row of jobs.job is one piece of work; who has inserted it is whom it runs as.
--
--   scheduled ──run_at──▶ available ──claim──▶ running ──▶ completed
--                            ▲                   │ ├──▶ discarded   (no attempts are left)
--                            └─run_at─ retryable ◀┘ └──▶ cancelled
--
-- Roles may insert jobs as themselves, see, ask to cancel or retry, and delete those of roles whose
-- rights they have, and nothing more of the tables: a state is changed by the functions below and by
-- the server.

CREATE FUNCTION jobs.next_tick(cron text, time_zone text, after timestamptz) RETURNS timestamptz LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'jobs_next_tick';

CREATE TABLE jobs.queue (
    name text PRIMARY KEY CHECK (name <> '' AND length(name) <= 63),
    -- No job of a paused queue is claimed; those that run go on.
    is_paused boolean NOT NULL DEFAULT false,
    -- How many of its jobs may run at a time; NULL is no limit.
    max_running integer CHECK (max_running > 0)
);

CREATE TABLE jobs.job (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    queue text NOT NULL DEFAULT 'default' CHECK (queue <> '' AND length(queue) <= 63),
    kind text NOT NULL CHECK (kind <> '' AND length(kind) <= 63),
    payload jsonb NOT NULL DEFAULT '{}' CHECK (octet_length(payload::text) <= 1048576),
    -- Whose rights it has. By OID: a role that is dropped and made again is another one.
    role regrole NOT NULL DEFAULT quote_ident(current_user)::regrole,
    state text NOT NULL DEFAULT 'available' CHECK (state IN ('scheduled', 'available', 'running', 'retryable', 'completed', 'cancelled', 'discarded')),
    -- Higher ones first, then in order of submission.
    priority integer NOT NULL DEFAULT 0,
    run_at timestamptz NOT NULL DEFAULT now(),
    -- Claims so far. One whose worker has died counts.
    attempt integer NOT NULL DEFAULT 0,
    max_attempts integer NOT NULL DEFAULT 20 CHECK (max_attempts BETWEEN 1 AND 1000),
    -- Of one attempt; NULL is the server's "jobs_timeout".
    timeout interval CHECK (timeout > interval '0'),
    -- Before the second attempt; each one waits twice as long, up to an hour.
    backoff interval NOT NULL DEFAULT '1 second' CHECK (backoff >= interval '0' AND backoff <= interval '1 day'),
    unique_key text CHECK (length(unique_key) <= 255),
    holds_key boolean NOT NULL DEFAULT false,
    -- NULL: the key is held until the job is finished.
    key_held_until timestamptz,
    schedule text,
    tick timestamptz,
    submitted_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    -- Who runs it, and what proves that.
    worker text CHECK (length(worker) <= 255),
    lease uuid,
    -- When a worker outside is given up; NULL for those inside, which live as long as the server.
    leased_until timestamptz,
    -- When the attempt has to be over.
    deadline timestamptz,
    progress double precision CHECK (progress BETWEEN 0 AND 1),
    result jsonb CHECK (octet_length(result::text) <= 1048576),
    -- Of the last attempt that failed.
    error jsonb,
    cancel_requested_at timestamptz,
    retry_requested_at timestamptz,
    -- Whether the server itself can run it.
    is_internal boolean NOT NULL GENERATED ALWAYS AS (kind IN ('sql', 'function', 'http', 'reindex', 'export', 'ingest', 'saga')) STORED
);
-- In the order in which they are claimed: of a queue, and of all queues.
CREATE INDEX job_available ON jobs.job (queue, priority DESC, id) WHERE state = 'available';
CREATE INDEX job_internal ON jobs.job (priority DESC, id) WHERE state = 'available' AND is_internal;
CREATE INDEX job_external ON jobs.job (priority DESC, id) WHERE state = 'available' AND NOT is_internal;
CREATE INDEX job_waiting ON jobs.job (run_at) WHERE state IN ('scheduled', 'retryable');
CREATE INDEX job_running ON jobs.job (queue, id) WHERE state = 'running';
CREATE INDEX job_finished ON jobs.job (finished_at, id) WHERE state IN ('completed', 'cancelled', 'discarded');
CREATE UNIQUE INDEX job_unique_key ON jobs.job (queue, role, unique_key) WHERE holds_key;
CREATE UNIQUE INDEX job_tick ON jobs.job (schedule, tick) WHERE schedule IS NOT NULL;

-- What is told of a job while it runs, and why attempts failed.
CREATE TABLE jobs.event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id bigint NOT NULL REFERENCES jobs.job ON DELETE CASCADE,
    attempt integer NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    level text NOT NULL CHECK (level IN ('progress', 'debug', 'info', 'warning', 'error')),
    message text NOT NULL CHECK (length(message) <= 8192),
    data jsonb CHECK (octet_length(data::text) <= 65536)
);
CREATE INDEX event_job ON jobs.event (job_id, id);

CREATE TABLE jobs.schedule (
    name text PRIMARY KEY CHECK (name <> '' AND length(name) <= 63),
    -- Five fields, or six with seconds first.
    cron text NOT NULL,
    time_zone text NOT NULL DEFAULT 'UTC',
    kind text NOT NULL CHECK (kind <> '' AND length(kind) <= 63),
    payload jsonb NOT NULL DEFAULT '{}' CHECK (octet_length(payload::text) <= 1048576),
    queue text NOT NULL DEFAULT 'default' CHECK (queue <> '' AND length(queue) <= 63),
    priority integer NOT NULL DEFAULT 0,
    max_attempts integer NOT NULL DEFAULT 20 CHECK (max_attempts BETWEEN 1 AND 1000),
    timeout interval CHECK (timeout > interval '0'),
    -- Of ticks that nobody was there for: none is made up for, the last one is, or all are.
    missed text NOT NULL DEFAULT 'last' CHECK (missed IN ('skip', 'last', 'all')),
    is_paused boolean NOT NULL DEFAULT false,
    role regrole NOT NULL DEFAULT quote_ident(current_user)::regrole,
    next_at timestamptz,
    last_at timestamptz,
    -- Why the server has paused it.
    error text,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX schedule_next ON jobs.schedule (next_at) WHERE NOT is_paused;

-- What is set up is dumped; jobs are not, which a copy of the database would do once more.
SELECT pg_catalog.pg_extension_config_dump('queue', '');
SELECT pg_catalog.pg_extension_config_dump('schedule', '');

-- The next tick follows from the pattern; one that is resumed starts from now.
CREATE FUNCTION jobs.schedule_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' OR NEW.cron <> OLD.cron OR NEW.time_zone <> OLD.time_zone OR (OLD.is_paused AND NOT NEW.is_paused) THEN
        NEW.next_at := jobs.next_tick(NEW.cron, NEW.time_zone, clock_timestamp());
        IF TG_OP = 'UPDATE' THEN
            NEW.error := NULL;
        END IF;
    END IF;
    PERFORM pg_notify('jobs', 'schedule');
    RETURN NEW;
END $$;
CREATE TRIGGER schedule_changes BEFORE INSERT OR UPDATE OF cron, time_zone, is_paused ON jobs.schedule FOR EACH ROW EXECUTE FUNCTION jobs.schedule_changes();

-- Cancel and retry are asked for by a time in a column, which roles may write; what it does to the
-- state is done here.
CREATE FUNCTION jobs.job_requests() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.cancel_requested_at IS NOT NULL AND OLD.cancel_requested_at IS NULL THEN
        IF OLD.state IN ('scheduled', 'available', 'retryable') THEN
            NEW.state := 'cancelled';
            NEW.finished_at := clock_timestamp();
            NEW.holds_key := NEW.holds_key AND coalesce(NEW.key_held_until > clock_timestamp(), false);
        ELSIF OLD.state = 'running' THEN
            PERFORM pg_notify('jobs_cancel', '');
        ELSE
            NEW.cancel_requested_at := NULL;
        END IF;
    ELSE
        NEW.cancel_requested_at := OLD.cancel_requested_at;
    END IF;
    IF NEW.retry_requested_at IS NOT NULL THEN
        NEW.retry_requested_at := NULL;
        IF OLD.state IN ('scheduled', 'retryable', 'cancelled', 'discarded') THEN
            NEW.state := 'available';
            NEW.run_at := clock_timestamp();
            NEW.finished_at := NULL;
            NEW.cancel_requested_at := NULL;
            NEW.max_attempts := least(1000, greatest(OLD.max_attempts, OLD.attempt + 1));
            PERFORM pg_notify('jobs', 'retry');
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER job_requests BEFORE UPDATE OF cancel_requested_at, retry_requested_at ON jobs.job FOR EACH ROW EXECUTE FUNCTION jobs.job_requests();

-- A key may be given up, and is not taken again.
CREATE FUNCTION jobs.key_is_given_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'permission denied to take the key of job %', OLD.id USING ERRCODE = '42501', HINT = 'A job holds its key from its submission on.';
END $$;
CREATE TRIGGER key_is_given_up BEFORE UPDATE OF holds_key ON jobs.job FOR EACH ROW WHEN (NEW.holds_key AND NOT OLD.holds_key) EXECUTE FUNCTION jobs.key_is_given_up();

-- A job of the role that asks, in its transaction; the id of the one that holds the key, where there
-- is one. `unique_for`: the key is held for so long, also when the job is finished before.
CREATE FUNCTION jobs.submit(kind text, payload jsonb DEFAULT '{}', queue text DEFAULT 'default', priority integer DEFAULT 0, run_at timestamptz DEFAULT NULL,
    unique_key text DEFAULT NULL, unique_for interval DEFAULT NULL, max_attempts integer DEFAULT 20, timeout interval DEFAULT NULL, backoff interval DEFAULT '1 second')
    RETURNS bigint LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    made bigint;
    due timestamptz := coalesce(submit.run_at, clock_timestamp());
    first_state text := CASE WHEN submit.run_at > clock_timestamp() THEN 'scheduled' ELSE 'available' END;
BEGIN
    IF submit.unique_key IS NULL THEN
        INSERT INTO jobs.job (kind, payload, queue, priority, run_at, state, max_attempts, timeout, backoff)
            VALUES (submit.kind, submit.payload, submit.queue, submit.priority, due, first_state, submit.max_attempts, submit.timeout, submit.backoff)
            RETURNING id INTO made;
    ELSE
        UPDATE jobs.job j SET holds_key = false
            WHERE j.queue = submit.queue AND j.role = quote_ident(current_user)::regrole AND j.unique_key = submit.unique_key AND j.holds_key
            AND j.key_held_until <= clock_timestamp() AND j.state IN ('completed', 'cancelled', 'discarded');
        LOOP
            INSERT INTO jobs.job (kind, payload, queue, priority, run_at, state, max_attempts, timeout, backoff, unique_key, holds_key, key_held_until)
                VALUES (submit.kind, submit.payload, submit.queue, submit.priority, due, first_state, submit.max_attempts, submit.timeout, submit.backoff,
                    submit.unique_key, true, clock_timestamp() + submit.unique_for)
                ON CONFLICT (queue, role, unique_key) WHERE holds_key DO NOTHING RETURNING id INTO made;
            EXIT WHEN made IS NOT NULL;
            SELECT j.id INTO made FROM jobs.job j
                WHERE j.queue = submit.queue AND j.role = quote_ident(current_user)::regrole AND j.unique_key = submit.unique_key AND j.holds_key;
            IF made IS NOT NULL THEN
                RETURN made;
            END IF;
        END LOOP;
    END IF;
    PERFORM pg_notify('jobs', first_state);
    RETURN made;
END $$;

-- Many at once: an array of objects with the names of submit's parameters. Ids in their order.
CREATE FUNCTION jobs.submit_batch(jobs jsonb) RETURNS SETOF bigint LANGUAGE plpgsql AS $$
DECLARE
    one jsonb;
BEGIN
    IF jsonb_typeof(submit_batch.jobs) <> 'array' OR jsonb_array_length(submit_batch.jobs) > 10000 THEN
        RAISE EXCEPTION 'a batch is an array of at most 10000 jobs' USING ERRCODE = '22023';
    END IF;
    FOR one IN SELECT value FROM jsonb_array_elements(submit_batch.jobs) LOOP
        RETURN NEXT jobs.submit(one ->> 'kind', coalesce(one -> 'payload', '{}'), coalesce(one ->> 'queue', 'default'), coalesce((one ->> 'priority')::integer, 0),
            (one ->> 'run_at')::timestamptz, one ->> 'unique_key', (one ->> 'unique_for')::interval, coalesce((one ->> 'max_attempts')::integer, 20),
            (one ->> 'timeout')::interval, coalesce((one ->> 'backoff')::interval, interval '1 second'));
    END LOOP;
END $$;

CREATE FUNCTION jobs.missing(id bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'job % does not exist', id USING ERRCODE = 'P0002';
END $$;

-- The state after it: a running job is asked to end, and answers `running`.
CREATE FUNCTION jobs.cancel(id bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    now_in text;
BEGIN
    UPDATE jobs.job j SET cancel_requested_at = clock_timestamp() WHERE j.id = cancel.id RETURNING j.state INTO now_in;
    IF now_in IS NULL THEN
        PERFORM jobs.missing(cancel.id);
    END IF;
    RETURN now_in;
END $$;

-- Makes a job available that has failed, was cancelled, or waits for its time.
CREATE FUNCTION jobs.retry(id bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    now_in text;
BEGIN
    UPDATE jobs.job j SET retry_requested_at = clock_timestamp() WHERE j.id = retry.id RETURNING j.state INTO now_in;
    IF now_in IS NULL THEN
        PERFORM jobs.missing(retry.id);
    ELSIF now_in <> 'available' THEN
        RAISE EXCEPTION 'job % is %', retry.id, now_in USING ERRCODE = '55000';
    END IF;
    RETURN now_in;
END $$;

-- For the job that asks, by its own id: whether it was asked to end.
CREATE FUNCTION jobs.is_cancel_requested(id bigint DEFAULT current_setting('jobs.id', true)::bigint) RETURNS boolean LANGUAGE sql STABLE AS
    'SELECT cancel_requested_at IS NOT NULL FROM jobs.job j WHERE j.id = is_cancel_requested.id';

-- What follows is for workers. A worker has the rights of the role that it is logged in as
-- (session_user), and a lease proves that the attempt is still its own: none but a running job has one.
-- What knows a job by its id asks for its lease alone, and not for its state, too, so that the indexes
-- by state, where so many jobs come and go, are not looked through.

CREATE FUNCTION jobs.lease_is_lost(id bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'job % is not leased to this worker', id USING ERRCODE = '55000', HINT = 'Its lease has expired, or it was finished.';
END $$;

-- Claims up to `count` jobs: of a queue (NULL: of every one), of some kinds (NULL: of those that the
-- server does not run itself). The first ones are found in the order of an index and locked; what
-- others claim at the same time is passed over.
CREATE FUNCTION jobs.claim(queue text DEFAULT 'default', kinds text[] DEFAULT NULL, count integer DEFAULT 1, lease_for interval DEFAULT '30 seconds', worker text DEFAULT NULL)
    RETURNS SETOF jobs.job LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    wanted integer := claim.count;
    most integer;
    paused boolean;
    closed text[];
    ids bigint[];
BEGIN
    IF wanted < 1 OR wanted > 1000 THEN
        RAISE EXCEPTION 'a claim is of 1 to 1000 jobs' USING ERRCODE = '22023';
    END IF;
    IF claim.lease_for <= interval '0' OR claim.lease_for > interval '1 day' THEN
        RAISE EXCEPTION 'a lease is longer than nothing and at most a day' USING ERRCODE = '22023';
    END IF;
    IF claim.queue IS NOT NULL THEN
        SELECT q.max_running, q.is_paused INTO most, paused FROM jobs.queue q WHERE q.name = claim.queue;
        IF paused THEN
            RETURN;
        END IF;
        IF most IS NOT NULL THEN
            -- Who counts is alone.
            PERFORM pg_advisory_xact_lock(hashtextextended('jobs.queue ' || claim.queue, 0));
            wanted := least(wanted, most - (SELECT count(*) FROM jobs.job j WHERE j.queue = claim.queue AND j.state = 'running'));
            IF wanted < 1 THEN
                RETURN;
            END IF;
        END IF;
    END IF;
    IF claim.queue IS NOT NULL AND claim.kinds IS NULL THEN
        ids := ARRAY(SELECT c.id FROM jobs.job c
            WHERE c.state = 'available' AND c.queue = claim.queue AND NOT c.is_internal AND pg_has_role(session_user, c.role::oid, 'USAGE')
            ORDER BY c.priority DESC, c.id LIMIT wanted FOR UPDATE SKIP LOCKED);
    ELSIF claim.queue IS NOT NULL THEN
        ids := ARRAY(SELECT c.id FROM jobs.job c
            WHERE c.state = 'available' AND c.queue = claim.queue AND c.kind = ANY (claim.kinds) AND pg_has_role(session_user, c.role::oid, 'USAGE')
            ORDER BY c.priority DESC, c.id LIMIT wanted FOR UPDATE SKIP LOCKED);
    ELSE
        closed := ARRAY(SELECT q.name FROM jobs.queue q WHERE q.is_paused OR q.max_running IS NOT NULL);
        IF claim.kinds && ARRAY['sql', 'function', 'http', 'reindex', 'export', 'ingest', 'saga'] THEN
            ids := ARRAY(SELECT c.id FROM jobs.job c
                WHERE c.state = 'available' AND c.kind = ANY (claim.kinds) AND c.queue <> ALL (closed) AND pg_has_role(session_user, c.role::oid, 'USAGE')
                ORDER BY c.priority DESC, c.id LIMIT wanted FOR UPDATE SKIP LOCKED);
        ELSE
            ids := ARRAY(SELECT c.id FROM jobs.job c
                WHERE c.state = 'available' AND NOT c.is_internal AND (claim.kinds IS NULL OR c.kind = ANY (claim.kinds)) AND c.queue <> ALL (closed)
                    AND pg_has_role(session_user, c.role::oid, 'USAGE')
                ORDER BY c.priority DESC, c.id LIMIT wanted FOR UPDATE SKIP LOCKED);
        END IF;
    END IF;
    IF cardinality(ids) = 0 THEN
        RETURN;
    END IF;
    RETURN QUERY UPDATE jobs.job j
        SET state = 'running', attempt = j.attempt + 1, started_at = clock_timestamp(), progress = NULL, worker = coalesce(claim.worker, session_user),
            lease = gen_random_uuid(), leased_until = clock_timestamp() + claim.lease_for, deadline = clock_timestamp() + j.timeout
        WHERE j.id = ANY (ids)
        RETURNING j.*;
END $$;

-- Keeps a lease for longer. True: the job was asked to end.
CREATE FUNCTION jobs.heartbeat(id bigint, lease uuid, lease_for interval DEFAULT '30 seconds', progress double precision DEFAULT NULL, message text DEFAULT NULL)
    RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    asked boolean;
BEGIN
    IF heartbeat.lease_for <= interval '0' OR heartbeat.lease_for > interval '1 day' THEN
        RAISE EXCEPTION 'a lease is longer than nothing and at most a day' USING ERRCODE = '22023';
    END IF;
    UPDATE jobs.job j SET leased_until = CASE WHEN j.leased_until IS NOT NULL THEN clock_timestamp() + heartbeat.lease_for END, progress = coalesce(heartbeat.progress, j.progress)
        WHERE j.id = heartbeat.id AND j.lease = heartbeat.lease AND pg_has_role(session_user, j.role::oid, 'USAGE')
        RETURNING j.cancel_requested_at IS NOT NULL INTO asked;
    IF asked IS NULL THEN
        PERFORM jobs.lease_is_lost(heartbeat.id);
    END IF;
    IF heartbeat.progress IS NOT NULL OR heartbeat.message IS NOT NULL THEN
        PERFORM jobs.log(heartbeat.id, 'progress', coalesce(heartbeat.message, ''), CASE WHEN heartbeat.progress IS NOT NULL THEN jsonb_build_object('progress', heartbeat.progress) END);
    END IF;
    RETURN asked;
END $$;

-- A line of a job's log; the first 10,000 of a job are kept.
CREATE FUNCTION jobs.log(id bigint, level text, message text, data jsonb DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    attempt_now integer;
    made bigint;
BEGIN
    SELECT j.attempt INTO attempt_now FROM jobs.job j WHERE j.id = log.id AND pg_has_role(session_user, j.role::oid, 'USAGE');
    IF attempt_now IS NULL THEN
        PERFORM jobs.missing(log.id);
    END IF;
    IF (SELECT count(*) FROM jobs.event e WHERE e.job_id = log.id) >= 10000 THEN
        RAISE EXCEPTION 'job % has 10000 events', log.id USING ERRCODE = '54000';
    END IF;
    INSERT INTO jobs.event (job_id, attempt, level, message, data) VALUES (log.id, attempt_now, log.level, log.message, log.data) RETURNING id INTO made;
    RETURN made;
END $$;

-- The job is done. In the transaction of its effects, it is done exactly if they are there.
CREATE FUNCTION jobs.complete(id bigint, lease uuid, result jsonb DEFAULT NULL) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE jobs.job j SET state = 'completed', finished_at = clock_timestamp(), result = complete.result, error = NULL, lease = NULL, leased_until = NULL, deadline = NULL,
            holds_key = j.holds_key AND coalesce(j.key_held_until > clock_timestamp(), false)
        WHERE j.id = complete.id AND j.lease = complete.lease AND pg_has_role(session_user, j.role::oid, 'USAGE');
    IF NOT FOUND THEN
        PERFORM jobs.lease_is_lost(complete.id);
    END IF;
END $$;

-- The same for many: an array of {"id", "lease", "result"}. The ids of those that are done; the others
-- have lost their lease. They are finished in the order of the array.
CREATE FUNCTION jobs.complete_batch(jobs jsonb) RETURNS SETOF bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ids bigint[];
    done jsonb;
    now_is timestamptz := clock_timestamp();
BEGIN
    IF jsonb_typeof(complete_batch.jobs) <> 'array' OR jsonb_array_length(complete_batch.jobs) > 1000 THEN
        RAISE EXCEPTION 'a batch is an array of at most 1000 jobs' USING ERRCODE = '22023';
    END IF;
    -- Of one that is there twice, the last.
    SELECT array_agg(d.id), jsonb_object_agg(d.id, d.value || jsonb_build_object('lease', d.lease, 'place', d.place)) INTO ids, done
        FROM (SELECT (e.value ->> 'id')::bigint AS id, (e.value ->> 'lease')::uuid AS lease, e.value, e.place
            FROM jsonb_array_elements(complete_batch.jobs) WITH ORDINALITY AS e (value, place)) d
        WHERE d.id IS NOT NULL;
    RETURN QUERY UPDATE jobs.job j SET state = 'completed',
            finished_at = now_is + (done -> j.id::text ->> 'place')::integer * interval '1 microsecond', result = done -> j.id::text -> 'result', error = NULL, lease = NULL,
            leased_until = NULL, deadline = NULL, holds_key = j.holds_key AND coalesce(j.key_held_until > clock_timestamp(), false)
        WHERE j.id = ANY (ids) AND j.lease = (done -> j.id::text ->> 'lease')::uuid AND pg_has_role(session_user, j.role::oid, 'USAGE')
        RETURNING j.id;
END $$;

-- How long to wait after an attempt: twice as long each time, up to an hour, give or take a quarter.
CREATE FUNCTION jobs.delay_after(attempt integer, backoff interval) RETURNS interval LANGUAGE sql VOLATILE AS
    'SELECT greatest(least(backoff * power(2, least(attempt, 20) - 1), interval ''1 hour''), least(backoff, interval ''1 day'')) * (0.75 + random() / 2)';

-- The attempt has failed: there is another one, unless none is left or `retry` says no. The state
-- after it.
CREATE FUNCTION jobs.fail(id bigint, lease uuid, error jsonb, retry boolean DEFAULT true, delay interval DEFAULT NULL)
    RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    now_in text;
    tried integer;
BEGIN
    UPDATE jobs.job j SET
            state = CASE WHEN j.cancel_requested_at IS NOT NULL THEN 'cancelled' WHEN fail.retry AND j.attempt < j.max_attempts THEN 'retryable' ELSE 'discarded' END,
            run_at = clock_timestamp() + coalesce(fail.delay, jobs.delay_after(j.attempt, j.backoff)),
            finished_at = CASE WHEN j.cancel_requested_at IS NULL AND fail.retry AND j.attempt < j.max_attempts THEN NULL ELSE clock_timestamp() END,
            holds_key = j.holds_key AND (j.cancel_requested_at IS NULL AND fail.retry AND j.attempt < j.max_attempts OR coalesce(j.key_held_until > clock_timestamp(), false)),
            error = fail.error, lease = NULL, leased_until = NULL, deadline = NULL
        WHERE j.id = fail.id AND j.lease = fail.lease AND pg_has_role(session_user, j.role::oid, 'USAGE')
        RETURNING j.state, j.attempt INTO now_in, tried;
    IF now_in IS NULL THEN
        PERFORM jobs.lease_is_lost(fail.id);
    END IF;
    INSERT INTO jobs.event (job_id, attempt, level, message, data)
        VALUES (fail.id, tried, 'error', left(coalesce(fail.error ->> 'message', fail.error::text, ''), 8192), CASE WHEN octet_length(fail.error::text) <= 65536 THEN fail.error END);
    IF now_in = 'retryable' THEN
        PERFORM pg_notify('jobs', 'retryable');
    END IF;
    RETURN now_in;
END $$;

-- What follows is for the server.

-- Enqueues the ticks that are due, each with its schedule's step in one transaction.
CREATE FUNCTION jobs.enqueue_ticks() RETURNS integer LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    due jobs.schedule;
    tick timestamptz;
    following timestamptz;
    made integer := 0;
BEGIN
    FOR due IN SELECT s.* FROM jobs.schedule s WHERE NOT s.is_paused AND s.next_at <= clock_timestamp() ORDER BY s.next_at LIMIT 100 FOR UPDATE SKIP LOCKED LOOP
        tick := due.next_at;
        BEGIN
        FOR step IN 1 .. 1000 LOOP
            following := jobs.next_tick(due.cron, due.time_zone, tick);
            -- A later one is due, too: this one was missed.
            IF NOT (following <= clock_timestamp() AND due.missed <> 'all')
                AND NOT (due.missed = 'skip' AND tick < clock_timestamp() - interval '1 minute') THEN
                INSERT INTO jobs.job (kind, payload, queue, priority, max_attempts, timeout, role, schedule, tick)
                    VALUES (due.kind, due.payload, due.queue, due.priority, due.max_attempts, due.timeout, due.role, due.name, tick)
                    ON CONFLICT (schedule, tick) WHERE schedule IS NOT NULL DO NOTHING;
                made := made + 1;
            END IF;
            EXIT WHEN following > clock_timestamp();
            tick := following;
        END LOOP;
        UPDATE jobs.schedule s SET next_at = following, last_at = tick WHERE s.name = due.name;
        EXCEPTION WHEN others THEN
            UPDATE jobs.schedule s SET is_paused = true, error = SQLERRM WHERE s.name = due.name;
        END;
    END LOOP;
    RETURN made;
END $$;

-- What is done again and again: waiting jobs whose time has come, leases that have expired, workers of
-- a server that is gone, keys, finished jobs that are too old or too many (NULL: they are not counted
-- this time). `server` is how this server's workers call themselves; `shift` is by how much the clock
-- was set forward since the last time. The next time that something is due.
--
-- It runs while many jobs wait and many are finished: each statement reads the part of one index that
-- it is about.
CREATE FUNCTION jobs.keep(server text, keep_for interval, keep_count bigint, shift interval) RETURNS timestamptz LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    now_is timestamptz := clock_timestamp();
    too_old timestamptz := now_is - keep.keep_for;
    lost record;
    ids bigint[];
    boundary timestamptz;
BEGIN
    IF keep.shift <> interval '0' THEN
        UPDATE jobs.job j SET leased_until = j.leased_until + keep.shift, deadline = j.deadline + keep.shift WHERE j.state = 'running';
    END IF;
    ids := ARRAY(SELECT w.id FROM jobs.job w WHERE w.state IN ('scheduled', 'retryable') AND w.run_at <= now_is LIMIT 5000);
    IF cardinality(ids) > 0 THEN
        UPDATE jobs.job j SET state = 'available' WHERE j.id = ANY (ids) AND j.state IN ('scheduled', 'retryable');
    END IF;
    FOR lost IN SELECT j.id, j.lease,
            CASE WHEN j.worker LIKE 'server:%' AND j.leased_until IS NULL THEN 'the server has ended while the job ran' WHEN j.deadline < now_is THEN 'the job took longer than its timeout' ELSE 'the lease of the worker has expired' END AS reason
        FROM jobs.job j WHERE j.state = 'running'
            AND (j.leased_until < now_is OR j.leased_until IS NOT NULL AND j.deadline < now_is OR j.leased_until IS NULL AND j.worker <> keep.server)
        LIMIT 5000 FOR UPDATE SKIP LOCKED LOOP
        PERFORM jobs.fail(lost.id, lost.lease, jsonb_build_object('code', '57P01', 'message', lost.reason));
    END LOOP;
    UPDATE jobs.job j SET holds_key = false WHERE j.holds_key AND j.key_held_until <= now_is AND j.state IN ('completed', 'cancelled', 'discarded');
    ids := ARRAY(SELECT f.id FROM jobs.job f WHERE f.state IN ('completed', 'cancelled', 'discarded') AND f.finished_at < too_old AND NOT f.holds_key LIMIT 5000);
    IF cardinality(ids) > 0 THEN
        DELETE FROM jobs.job j WHERE j.id = ANY (ids) AND j.state IN ('completed', 'cancelled', 'discarded') AND NOT j.holds_key;
    END IF;
    IF keep.keep_count IS NOT NULL THEN
        SELECT f.finished_at INTO boundary FROM jobs.job f WHERE f.state IN ('completed', 'cancelled', 'discarded') ORDER BY f.finished_at DESC OFFSET keep.keep_count LIMIT 1;
        IF boundary IS NOT NULL THEN
            ids := ARRAY(SELECT f.id FROM jobs.job f WHERE f.state IN ('completed', 'cancelled', 'discarded') AND f.finished_at <= boundary AND NOT f.holds_key LIMIT 5000);
            DELETE FROM jobs.job j WHERE j.id = ANY (ids) AND j.state IN ('completed', 'cancelled', 'discarded') AND NOT j.holds_key;
        END IF;
    END IF;
    RETURN least(
        (SELECT min(run_at) FROM jobs.job WHERE state IN ('scheduled', 'retryable')),
        (SELECT min(least(leased_until, deadline)) FROM jobs.job WHERE state = 'running' AND leased_until IS NOT NULL),
        (SELECT min(next_at) FROM jobs.schedule WHERE NOT is_paused));
END $$;

-- How many jobs there are, by queue and state.
CREATE VIEW jobs.queues AS
    SELECT n.name, coalesce(q.is_paused, false) AS is_paused, q.max_running,
        coalesce(c.scheduled, 0) AS scheduled, coalesce(c.available, 0) AS available, coalesce(c.running, 0) AS running, coalesce(c.retryable, 0) AS retryable,
        coalesce(c.completed, 0) AS completed, coalesce(c.cancelled, 0) AS cancelled, coalesce(c.discarded, 0) AS discarded
    FROM (SELECT name FROM jobs.queue UNION SELECT queue FROM jobs.job) n
    LEFT JOIN jobs.queue q ON q.name = n.name
    LEFT JOIN (SELECT queue,
            count(*) FILTER (WHERE state = 'scheduled') AS scheduled, count(*) FILTER (WHERE state = 'available') AS available,
            count(*) FILTER (WHERE state = 'running') AS running, count(*) FILTER (WHERE state = 'retryable') AS retryable,
            count(*) FILTER (WHERE state = 'completed') AS completed, count(*) FILTER (WHERE state = 'cancelled') AS cancelled,
            count(*) FILTER (WHERE state = 'discarded') AS discarded
        FROM jobs.job GROUP BY queue) c ON c.queue = n.name;
-- With the owner's rights it would count every role's jobs.
ALTER VIEW jobs.queues SET (security_invoker = true);

ALTER TABLE jobs.job ENABLE ROW LEVEL SECURITY;
CREATE POLICY see ON jobs.job FOR SELECT USING (pg_has_role(role::oid, 'USAGE'));
CREATE POLICY submit ON jobs.job FOR INSERT WITH CHECK (role = quote_ident(current_user)::regrole AND state IN ('scheduled', 'available') AND schedule IS NULL);
CREATE POLICY ask ON jobs.job FOR UPDATE USING (pg_has_role(role::oid, 'USAGE')) WITH CHECK (pg_has_role(role::oid, 'USAGE'));
CREATE POLICY remove ON jobs.job FOR DELETE USING (pg_has_role(role::oid, 'USAGE') AND state <> 'running');
ALTER TABLE jobs.event ENABLE ROW LEVEL SECURITY;
CREATE POLICY see ON jobs.event FOR SELECT USING (EXISTS (SELECT 1 FROM jobs.job j WHERE j.id = job_id));
ALTER TABLE jobs.schedule ENABLE ROW LEVEL SECURITY;
CREATE POLICY see ON jobs.schedule FOR SELECT USING (pg_has_role(role::oid, 'USAGE'));
CREATE POLICY make ON jobs.schedule FOR INSERT WITH CHECK (role = quote_ident(current_user)::regrole);
CREATE POLICY change ON jobs.schedule FOR UPDATE USING (pg_has_role(role::oid, 'USAGE')) WITH CHECK (pg_has_role(role::oid, 'USAGE'));
CREATE POLICY remove ON jobs.schedule FOR DELETE USING (pg_has_role(role::oid, 'USAGE'));

GRANT USAGE ON SCHEMA jobs TO PUBLIC;
GRANT SELECT ON jobs.queue, jobs.job, jobs.event, jobs.schedule, jobs.queues TO PUBLIC;
GRANT INSERT (queue, kind, payload, state, priority, run_at, max_attempts, timeout, backoff, unique_key, holds_key, key_held_until) ON jobs.job TO PUBLIC;
-- `holds_key` may be given up only: the policies show a role its own, the trigger refuses the rest.
GRANT UPDATE (cancel_requested_at, retry_requested_at, holds_key) ON jobs.job TO PUBLIC;
GRANT DELETE ON jobs.job TO PUBLIC;
GRANT INSERT (name, cron, time_zone, kind, payload, queue, priority, max_attempts, timeout, missed, is_paused) ON jobs.schedule TO PUBLIC;
GRANT UPDATE (cron, time_zone, kind, payload, queue, priority, max_attempts, timeout, missed, is_paused) ON jobs.schedule TO PUBLIC;
GRANT DELETE ON jobs.schedule TO PUBLIC;
REVOKE ALL ON FUNCTION jobs.enqueue_ticks() FROM PUBLIC;
REVOKE ALL ON FUNCTION jobs.keep(text, interval, bigint, interval) FROM PUBLIC;
