-- Sagas. A run is steps, each of which is a job of the kind "saga" that runs as the role that has started
-- the run; what has been done is undone by the compensations of its steps, later ones first, if one of them
-- fails for good.
--
--   run    running ──▶ completed
--             └──▶ compensating ──▶ compensated        or stuck: a compensation has failed for good
--   step   pending ──▶ running ──▶ completed ──▶ compensating ──▶ compensated
--             └▶ skipped   └▶ failed                     └▶ stuck
--
-- A step that is SQL, its state, its job and the jobs of the steps after it are one transaction.

CREATE TABLE sagas.definition (
    name text PRIMARY KEY CHECK (name <> '' AND length(name) <= 63),
    -- [{"name", "kind", …, "after": […], "max_attempts", "timeout_ms", "backoff_ms", "compensate": {"kind", …}}]
    steps jsonb NOT NULL,
    role regrole NOT NULL DEFAULT quote_ident(current_user)::regrole,
    changed_at timestamptz NOT NULL DEFAULT now()
);

-- Runs are not dumped: a copy of the database would go on with them, too.
SELECT pg_catalog.pg_extension_config_dump('definition', '');

CREATE TABLE sagas.run (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    definition text NOT NULL CHECK (definition <> '' AND length(definition) <= 63),
    role regrole NOT NULL DEFAULT quote_ident(current_user)::regrole,
    input jsonb NOT NULL DEFAULT '{}' CHECK (octet_length(input::text) <= 1048576),
    -- As they were defined when it began.
    steps jsonb NOT NULL,
    idempotency_key text CHECK (length(idempotency_key) <= 255),
    state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'compensating', 'completed', 'compensated', 'stuck')),
    -- Why it is undone.
    error jsonb,
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);
CREATE UNIQUE INDEX run_key ON sagas.run (role, definition, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX run_open ON sagas.run (id) WHERE state NOT IN ('completed', 'compensated');

CREATE TABLE sagas.step (
    run_id bigint NOT NULL REFERENCES sagas.run ON DELETE CASCADE,
    name text NOT NULL,
    position integer NOT NULL,
    after text[] NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'running', 'completed', 'failed', 'skipped', 'compensating', 'compensated', 'stuck')),
    -- The job that is at it, or was the last one.
    job_id bigint,
    result jsonb,
    error jsonb,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, name)
);
CREATE INDEX step_job ON sagas.step (job_id) WHERE job_id IS NOT NULL;

CREATE FUNCTION sagas.refuse(message text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', message USING ERRCODE = '22023';
END $$;

CREATE FUNCTION sagas.check_action(name text, action jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    needed text[];
    key text;
BEGIN
    IF jsonb_typeof(action) IS DISTINCT FROM 'object' THEN
        PERFORM sagas.refuse(format('step "%s" has to be an object', name));
    END IF;
    needed := CASE action ->> 'kind' WHEN 'sql' THEN '{statement}' WHEN 'function' THEN '{function}' WHEN 'remote' THEN '{server,statement}' WHEN 'http' THEN '{url}' END;
    IF needed IS NULL THEN
        PERFORM sagas.refuse(format('the kind of step "%s" is sql, function, remote or http', name));
    END IF;
    FOREACH key IN ARRAY needed LOOP
        IF jsonb_typeof(action -> key) IS DISTINCT FROM 'string' THEN
            PERFORM sagas.refuse(format('step "%s" needs a text "%s"', name, key));
        END IF;
    END LOOP;
    FOR key IN SELECT jsonb_object_keys(action) LOOP
        IF key <> ALL ('{name,kind,statement,params,function,argument,server,url,method,headers,body,after,max_attempts,timeout_ms,backoff_ms,compensate}') THEN
            PERFORM sagas.refuse(format('step "%s" has no member "%s"', name, key));
        END IF;
    END LOOP;
    FOREACH key IN ARRAY '{max_attempts,timeout_ms,backoff_ms}'::text[] LOOP
        IF action ? key AND (jsonb_typeof(action -> key) <> 'number' OR NOT (action ->> key) ~ '^[0-9]{1,9}$') THEN
            PERFORM sagas.refuse(format('"%s" of step "%s" is a number', key, name));
        END IF;
    END LOOP;
    FOREACH key IN ARRAY '{statement,function,server,url}'::text[] LOOP
        IF action ? key AND jsonb_typeof(action -> key) <> 'string' THEN
            PERFORM sagas.refuse(format('"%s" of step "%s" is a text', key, name));
        END IF;
    END LOOP;
END $$;

-- A step is after those that it names, which stand before it; one that names none is after the one before it.
CREATE FUNCTION sagas.check_steps(steps jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    one jsonb;
    other jsonb;
    known text[] := '{}';
    name text;
    key text;
    before text;
BEGIN
    IF jsonb_typeof(steps) IS DISTINCT FROM 'array' OR jsonb_array_length(steps) NOT BETWEEN 1 AND 100 THEN
        PERFORM sagas.refuse('a saga is an array of 1 to 100 steps');
    END IF;
    FOR one IN SELECT value FROM jsonb_array_elements(steps) LOOP
        name := one ->> 'name';
        IF jsonb_typeof(one -> 'name') IS DISTINCT FROM 'string' OR name = '' OR length(name) > 63 OR name = ANY (known) THEN
            PERFORM sagas.refuse(format('the name of step %s is a text of its own', cardinality(known) + 1));
        END IF;
        PERFORM sagas.check_action(name, one);
        IF one ? 'compensate' THEN
            PERFORM sagas.check_action(name, one -> 'compensate');
            FOR key IN SELECT jsonb_object_keys(one -> 'compensate') LOOP
                IF key = ANY ('{name,after,compensate}') THEN
                    PERFORM sagas.refuse(format('the compensation of step "%s" has no member "%s"', name, key));
                END IF;
            END LOOP;
        END IF;
        IF one ? 'after' THEN
            IF jsonb_typeof(one -> 'after') <> 'array' THEN
                PERFORM sagas.refuse(format('"after" of step "%s" is an array of names', name));
            END IF;
            FOR other IN SELECT value FROM jsonb_array_elements(one -> 'after') LOOP
                before := other #>> '{}';
                IF jsonb_typeof(other) <> 'string' THEN
                    PERFORM sagas.refuse(format('"after" of step "%s" is an array of names', name));
                ELSIF before <> ALL (known) THEN
                    PERFORM sagas.refuse(format('step "%s" is after "%s", which does not stand before it', name, before));
                END IF;
            END LOOP;
        END IF;
        known := known || name;
    END LOOP;
END $$;

CREATE FUNCTION sagas.definition_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sagas.check_steps(NEW.steps);
    NEW.changed_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER definition_changes BEFORE INSERT OR UPDATE ON sagas.definition FOR EACH ROW EXECUTE FUNCTION sagas.definition_changes();

CREATE FUNCTION sagas.define(name text, steps jsonb) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO sagas.definition (name, steps) VALUES (define.name, define.steps) ON CONFLICT (name) DO UPDATE SET steps = excluded.steps;
END $$;

-- Begins a run in the transaction of who asks; with a key that was given before, the run of that time.
CREATE FUNCTION sagas.start(definition text, input jsonb DEFAULT '{}', idempotency_key text DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    defined jsonb;
    made bigint;
BEGIN
    SELECT d.steps INTO defined FROM sagas.definition d WHERE d.name = start.definition;
    IF defined IS NULL THEN
        RAISE EXCEPTION 'saga "%" does not exist', start.definition USING ERRCODE = 'P0002';
    END IF;
    INSERT INTO sagas.run (definition, input, steps, idempotency_key) VALUES (start.definition, start.input, defined, start.idempotency_key)
        ON CONFLICT (role, definition, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING RETURNING id INTO made;
    IF made IS NOT NULL THEN
        PERFORM sagas.begin(made);
    ELSE
        SELECT r.id INTO made FROM sagas.run r
            WHERE r.role = quote_ident(current_user)::regrole AND r.definition = start.definition AND r.idempotency_key = start.idempotency_key;
    END IF;
    RETURN made;
END $$;

-- What follows is done with the owner's rights, and called by nobody else.

-- The job of a step: of its action, or of its compensation.
CREATE FUNCTION sagas.enqueue(run sagas.run, step_name text, compensates boolean) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    action jsonb;
    made bigint;
BEGIN
    SELECT value INTO action FROM jsonb_array_elements(run.steps) WHERE value ->> 'name' = step_name;
    IF compensates THEN
        action := action -> 'compensate';
    END IF;
    INSERT INTO jobs.job (kind, queue, payload, role, max_attempts, timeout, backoff)
        VALUES ('saga', 'sagas', jsonb_build_object('run', run.id, 'step', step_name, 'compensates', compensates), run.role,
            -- What is to be undone is tried for longer.
            least(1000, greatest(1, coalesce((action ->> 'max_attempts')::integer, CASE WHEN compensates THEN 20 ELSE 5 END))),
            greatest(1, (action ->> 'timeout_ms')::bigint) * interval '1 millisecond',
            least(coalesce((action ->> 'backoff_ms')::bigint, 1000), 86400000) * interval '1 millisecond')
        RETURNING id INTO made;
    PERFORM pg_notify('jobs', 'saga');
    RETURN made;
END $$;

-- Does what is to be done next, after something has ended. One transaction at a time is at a run.
CREATE FUNCTION sagas.advance(id bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    run sagas.run;
    next record;
    again boolean := true;
BEGIN
    SELECT r.* INTO run FROM sagas.run r WHERE r.id = advance.id FOR UPDATE;
    IF run.state = 'running' THEN
        IF EXISTS (SELECT 1 FROM sagas.step s WHERE s.run_id = run.id AND s.state = 'failed') THEN
            run.state := 'compensating';
            UPDATE sagas.run r SET state = run.state, error = (SELECT s.error FROM sagas.step s WHERE s.run_id = run.id AND s.state = 'failed' ORDER BY s.changed_at LIMIT 1) WHERE r.id = run.id;
        ELSIF NOT EXISTS (SELECT 1 FROM sagas.step s WHERE s.run_id = run.id AND s.state <> 'completed') THEN
            UPDATE sagas.run r SET state = 'completed', finished_at = clock_timestamp() WHERE r.id = run.id;
        ELSE
            FOR next IN SELECT s.name FROM sagas.step s WHERE s.run_id = run.id AND s.state = 'pending'
                    AND NOT EXISTS (SELECT 1 FROM sagas.step b WHERE b.run_id = run.id AND b.name = ANY (s.after) AND b.state <> 'completed') ORDER BY s.position LOOP
                UPDATE sagas.step s SET state = 'running', job_id = sagas.enqueue(run, next.name, false), changed_at = clock_timestamp() WHERE s.run_id = run.id AND s.name = next.name;
            END LOOP;
        END IF;
    END IF;
    IF run.state NOT IN ('compensating', 'stuck') THEN
        RETURN;
    END IF;
    UPDATE sagas.step s SET state = 'skipped', changed_at = clock_timestamp() WHERE s.run_id = run.id AND s.state = 'pending';
    -- What is under way may still be done; it is undone then.
    IF EXISTS (SELECT 1 FROM sagas.step s WHERE s.run_id = run.id AND s.state = 'running') THEN
        RETURN;
    END IF;
    WHILE again LOOP
        again := false;
        FOR next IN SELECT s.name FROM sagas.step s WHERE s.run_id = run.id AND s.state = 'completed'
                AND NOT EXISTS (SELECT 1 FROM sagas.step d WHERE d.run_id = run.id AND s.name = ANY (d.after) AND d.state IN ('completed', 'compensating', 'stuck')) ORDER BY s.position DESC LOOP
            IF EXISTS (SELECT 1 FROM jsonb_array_elements(run.steps) e WHERE e.value ->> 'name' = next.name AND e.value ? 'compensate') THEN
                UPDATE sagas.step s SET state = 'compensating', job_id = sagas.enqueue(run, next.name, true), changed_at = clock_timestamp() WHERE s.run_id = run.id AND s.name = next.name;
            ELSE
                -- Nothing undoes it.
                UPDATE sagas.step s SET state = 'compensated', changed_at = clock_timestamp() WHERE s.run_id = run.id AND s.name = next.name;
                again := true;
            END IF;
        END LOOP;
    END LOOP;
    IF EXISTS (SELECT 1 FROM sagas.step s WHERE s.run_id = run.id AND s.state = 'stuck') THEN
        UPDATE sagas.run r SET state = 'stuck' WHERE r.id = run.id;
    ELSIF NOT EXISTS (SELECT 1 FROM sagas.step s WHERE s.run_id = run.id AND s.state IN ('completed', 'compensating')) THEN
        UPDATE sagas.run r SET state = 'compensated', finished_at = clock_timestamp() WHERE r.id = run.id;
    ELSE
        UPDATE sagas.run r SET state = 'compensating' WHERE r.id = run.id;
    END IF;
END $$;

-- The steps of a run that has none yet, and the jobs of its first ones; for `sagas.start`. No trigger: a run
-- that is restored from a dump does not begin again.
CREATE FUNCTION sagas.begin(id bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    run sagas.run;
BEGIN
    SELECT r.* INTO run FROM sagas.run r WHERE r.id = begin.id AND pg_has_role(session_user, r.role::oid, 'MEMBER') FOR UPDATE;
    IF run.id IS NULL THEN
        RAISE EXCEPTION 'saga run % does not exist', begin.id USING ERRCODE = 'P0002';
    ELSIF EXISTS (SELECT 1 FROM sagas.step s WHERE s.run_id = run.id) THEN
        RETURN;
    END IF;
    PERFORM sagas.check_steps(run.steps);
    INSERT INTO sagas.step (run_id, name, position, after)
        SELECT run.id, e.value ->> 'name', e.place, CASE WHEN e.value ? 'after' THEN ARRAY(SELECT jsonb_array_elements_text(e.value -> 'after')) WHEN e.place = 1 THEN '{}'
            ELSE ARRAY[run.steps -> (e.place::integer - 2) ->> 'name'] END
        FROM jsonb_array_elements(run.steps) WITH ORDINALITY AS e (value, place);
    PERFORM sagas.advance(run.id);
END $$;

-- What a job is to do, and what it may refer to; no row where the saga does not wait for it.
CREATE FUNCTION sagas.action(job_id bigint) RETURNS TABLE (action jsonb, context jsonb, run_id bigint, step text, compensates boolean) LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN s.state = 'compensating' THEN e.value -> 'compensate' ELSE e.value END,
        jsonb_build_object('run', r.id, 'input', r.input, 'steps', coalesce((SELECT jsonb_object_agg(o.name, jsonb_build_object('state', o.state, 'result', o.result)) FROM sagas.step o WHERE o.run_id = r.id), '{}')),
        r.id, s.name, s.state = 'compensating'
    FROM sagas.step s JOIN sagas.run r ON r.id = s.run_id, jsonb_array_elements(r.steps) e
    WHERE s.job_id = action.job_id AND s.state IN ('running', 'compensating') AND e.value ->> 'name' = s.name
$$;

-- The job of a step is done: in the transaction of its effects. For who holds the lease.
CREATE FUNCTION sagas.complete(job_id bigint, lease uuid, result jsonb) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    done sagas.step;
BEGIN
    -- The run before the job: whoever cancels takes them in this order, too.
    PERFORM 1 FROM sagas.run r WHERE r.id = (SELECT s.run_id FROM sagas.step s WHERE s.job_id = complete.job_id) FOR UPDATE;
    PERFORM jobs.complete(complete.job_id, complete.lease, complete.result);
    UPDATE sagas.step s SET
            state = CASE s.state WHEN 'running' THEN 'completed' ELSE 'compensated' END,
            result = CASE s.state WHEN 'running' THEN complete.result ELSE s.result END, error = NULL, changed_at = clock_timestamp()
        WHERE s.job_id = complete.job_id AND s.state IN ('running', 'compensating') RETURNING s.* INTO done;
    IF done.run_id IS NULL THEN
        RAISE EXCEPTION 'no saga waits for job %', complete.job_id USING ERRCODE = '55000';
    END IF;
    PERFORM sagas.advance(done.run_id);
END $$;

-- A job has failed for good, and the step with it.
CREATE FUNCTION sagas.job_fails() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    failed sagas.step;
BEGIN
    UPDATE sagas.step s SET state = CASE s.state WHEN 'running' THEN 'failed' ELSE 'stuck' END, error = coalesce(NEW.error, '{"message": "the job was cancelled"}'), changed_at = clock_timestamp()
        WHERE s.job_id = NEW.id AND s.state IN ('running', 'compensating') RETURNING s.* INTO failed;
    IF failed.run_id IS NOT NULL THEN
        PERFORM sagas.advance(failed.run_id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER saga_fails AFTER UPDATE OF state, cancel_requested_at ON jobs.job FOR EACH ROW WHEN (NEW.kind = 'saga' AND NEW.state IN ('discarded', 'cancelled') AND OLD.state NOT IN ('discarded', 'cancelled')) EXECUTE FUNCTION sagas.job_fails();

CREATE FUNCTION sagas.job_is_needed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'job % is a step of a saga', OLD.id USING ERRCODE = '55000', HINT = 'Cancel the saga.';
END $$;
CREATE TRIGGER saga_is_needed BEFORE DELETE ON jobs.job FOR EACH ROW WHEN (OLD.kind = 'saga' AND OLD.state NOT IN ('completed', 'discarded', 'cancelled')) EXECUTE FUNCTION sagas.job_is_needed();

-- Undoes a run that is not finished: what runs is asked to end, what is done is compensated. The state after it.
CREATE FUNCTION sagas.cancel(id bigint) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    now_in text;
BEGIN
    SELECT r.state INTO now_in FROM sagas.run r WHERE r.id = cancel.id AND pg_has_role(session_user, r.role::oid, 'USAGE') FOR UPDATE;
    IF now_in IS NULL THEN
        RAISE EXCEPTION 'saga run % does not exist', cancel.id USING ERRCODE = 'P0002';
    ELSIF now_in = 'running' THEN
        UPDATE sagas.run r SET state = 'compensating', error = '{"code": "57014", "message": "the saga was cancelled"}' WHERE r.id = cancel.id;
        UPDATE jobs.job j SET cancel_requested_at = clock_timestamp() WHERE j.id IN (SELECT s.job_id FROM sagas.step s WHERE s.run_id = cancel.id AND s.state = 'running');
        PERFORM sagas.advance(cancel.id);
    END IF;
    SELECT r.state INTO now_in FROM sagas.run r WHERE r.id = cancel.id;
    RETURN now_in;
END $$;

-- A compensation that has failed for good is tried again ("retry"), or was done by hand ("done").
CREATE FUNCTION sagas.resolve(id bigint, step text, how text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    run sagas.run;
BEGIN
    SELECT r.* INTO run FROM sagas.run r WHERE r.id = resolve.id AND pg_has_role(session_user, r.role::oid, 'USAGE') FOR UPDATE;
    IF run.id IS NULL THEN
        RAISE EXCEPTION 'saga run % does not exist', resolve.id USING ERRCODE = 'P0002';
    ELSIF resolve.how NOT IN ('retry', 'done') OR resolve.how IS NULL THEN
        RAISE EXCEPTION 'a step is resolved by retry or done' USING ERRCODE = '22023';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM sagas.step s WHERE s.run_id = run.id AND s.name = resolve.step AND s.state = 'stuck') THEN
        RAISE EXCEPTION 'step "%" of saga run % is not stuck', resolve.step, resolve.id USING ERRCODE = '55000';
    END IF;
    IF resolve.how = 'done' THEN
        UPDATE sagas.step s SET state = 'compensated', changed_at = clock_timestamp() WHERE s.run_id = run.id AND s.name = resolve.step;
    ELSE
        UPDATE sagas.step s SET state = 'compensating', job_id = sagas.enqueue(run, resolve.step, true), changed_at = clock_timestamp() WHERE s.run_id = run.id AND s.name = resolve.step;
    END IF;
    PERFORM sagas.advance(run.id);
    RETURN (SELECT r.state FROM sagas.run r WHERE r.id = run.id);
END $$;

-- Runs that have been finished for longer are forgotten.
CREATE FUNCTION sagas.keep(keep_for interval) RETURNS void LANGUAGE sql AS
    'DELETE FROM sagas.run r WHERE r.id IN (SELECT f.id FROM sagas.run f WHERE f.state IN (''completed'', ''compensated'') AND f.finished_at < clock_timestamp() - keep_for LIMIT 1000)';

ALTER TABLE sagas.definition ENABLE ROW LEVEL SECURITY;
CREATE POLICY see ON sagas.definition FOR SELECT USING (true);
CREATE POLICY make ON sagas.definition FOR INSERT WITH CHECK (role = quote_ident(current_user)::regrole);
CREATE POLICY change ON sagas.definition FOR UPDATE USING (pg_has_role(role::oid, 'USAGE')) WITH CHECK (pg_has_role(role::oid, 'USAGE'));
CREATE POLICY remove ON sagas.definition FOR DELETE USING (pg_has_role(role::oid, 'USAGE'));
ALTER TABLE sagas.run ENABLE ROW LEVEL SECURITY;
CREATE POLICY see ON sagas.run FOR SELECT USING (pg_has_role(role::oid, 'USAGE'));
CREATE POLICY make ON sagas.run FOR INSERT WITH CHECK (role = quote_ident(current_user)::regrole);
ALTER TABLE sagas.step ENABLE ROW LEVEL SECURITY;
CREATE POLICY see ON sagas.step FOR SELECT USING (EXISTS (SELECT 1 FROM sagas.run r WHERE r.id = run_id));
GRANT USAGE ON SCHEMA sagas TO PUBLIC;
GRANT SELECT ON sagas.definition, sagas.run, sagas.step TO PUBLIC;
GRANT INSERT (name, steps), UPDATE (steps), DELETE ON sagas.definition TO PUBLIC;
GRANT INSERT (definition, input, steps, idempotency_key) ON sagas.run TO PUBLIC;
REVOKE ALL ON FUNCTION sagas.enqueue(sagas.run, text, boolean), sagas.advance(bigint), sagas.keep(interval) FROM PUBLIC;
