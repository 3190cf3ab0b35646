-- Of the transactions that commit at one time at most two notify workers.
--
-- PostgreSQL lets transactions that notify commit only one after another: each has a lock of the whole cluster until
-- the disk has its commit record. Applications that ask for runs would all wait for each other there. So a transaction
-- notifies only if it gets one of two locks. Where others have both, the later of these two writes its commit record
-- once the earlier one is through, and thereby mostly after those of all that found both taken. What is committed later
-- still is found by the second looks of workers (core/engine/src/scheduler/wake.rs).
--
-- An application may leave its transaction open for long after it has asked for a run. The locks are tried at its commit,
-- as otherwise nobody would be told of anything while it has them.
CREATE FUNCTION tell_workers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtext('cascade.tell_workers'), 1)
        OR pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtext('cascade.tell_workers'), 2)
    THEN
        PERFORM pg_catalog.pg_notify('worker_signals', 'look');
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER workers_are_told AFTER INSERT ON run_requests
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.asked_by LIKE 'sql %') EXECUTE FUNCTION tell_workers();

-- As before, without a notification: the trigger above does it.
CREATE OR REPLACE FUNCTION cascade_enqueue(
    job text, project text, args json DEFAULT '{}', key text DEFAULT NULL,
    run_at timestamptz DEFAULT NULL, priority integer DEFAULT 0
) RETURNS uuid LANGUAGE plpgsql VOLATILE SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE
    run      uuid := cascade_uuid7();
    project_of       uuid;
    attempts integer;
    starts   timestamptz := greatest(coalesce(cascade_enqueue.run_at, now()), now());
    of_key   text := cascade_enqueue.key;
    found_at text;
    most     integer;
BEGIN
    SELECT id INTO project_of FROM projects WHERE slug = cascade_enqueue.project;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'cascade_enqueue: there is no project "%"', cascade_enqueue.project
            USING ERRCODE = 'invalid_parameter_value', HINT = 'the table projects has their slugs';
    END IF;
    SELECT max_attempts INTO attempts FROM scheduled_jobs
    WHERE job_type = cascade_enqueue.job AND project_id = project_of AND enabled;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'cascade_enqueue: jobs.toml has no enabled job "%" for the project "%"',
            cascade_enqueue.job, cascade_enqueue.project USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF json_typeof(cascade_enqueue.args) IS DISTINCT FROM 'object'
        OR octet_length(cascade_enqueue.args::text) > 262144 THEN
        RAISE EXCEPTION 'cascade_enqueue: args have to be an object of at most 262144 bytes'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF octet_length(of_key) NOT BETWEEN 1 AND 256 THEN
        RAISE EXCEPTION 'cascade_enqueue: a key has 1 to 256 bytes'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF cascade_enqueue.priority IS NULL OR cascade_enqueue.priority NOT BETWEEN 0 AND 9 THEN
        RAISE EXCEPTION 'cascade_enqueue: a priority is 0 to 9'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT key_from, runs_per_key INTO found_at, most FROM keyed_jobs WHERE job_type = cascade_enqueue.job;
    IF of_key IS NULL AND found_at IS NOT NULL THEN
        of_key := key_of_arg(cascade_enqueue.args #> string_to_array(found_at, '.'));
    END IF;
    INSERT INTO run_requests (run_id, job_type, project_id, key, args, priority, run_at, asked_by)
    VALUES (run, cascade_enqueue.job, project_of, of_key, cascade_enqueue.args::text,
        cascade_enqueue.priority, cascade_enqueue.run_at, 'sql ' || session_user);
    -- As queue_lock_keys.sql, queue_lock_places.sql and queue_insert.sql of the store do it.
    FOR try IN 1..20 LOOP
        IF most > 1 AND of_key IS NOT NULL THEN
            PERFORM give_up_places(cascade_enqueue.job, project_of, of_key, starts);
        ELSE
            PERFORM id FROM open_queue_runs
            WHERE job_type = cascade_enqueue.job AND project_id = project_of AND key = of_key
              AND key IS NOT NULL AND NOT behind
            FOR UPDATE;
            UPDATE open_queue_runs SET behind = true
            WHERE job_type = cascade_enqueue.job AND project_id = project_of AND key = of_key
              AND key IS NOT NULL AND NOT behind AND state = 'available' AND attempt = 0
              AND available_at > starts;
        END IF;
        INSERT INTO open_queue_runs (
            id, job_type, project_id, state, max_attempts, payload, available_at, trace_id, key, rank,
            behind
        )
        VALUES (
            run, cascade_enqueue.job, project_of, 'available', attempts,
            json_build_object(
                'requested_at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                'requests', 1
            ), starts, run, of_key, 9 - cascade_enqueue.priority, EXISTS (
                SELECT FROM open_queue_runs
                WHERE job_type = cascade_enqueue.job AND project_id = project_of AND key = of_key
                  AND key IS NOT NULL AND NOT behind
            )
        )
        ON CONFLICT (job_type, project_id, key) WHERE key IS NOT NULL AND NOT behind DO NOTHING;
        IF FOUND THEN
            IF most > 1 AND of_key IS NOT NULL THEN
                PERFORM fill_places(cascade_enqueue.job, project_of, of_key, most);
            END IF;
            RETURN run;
        END IF;
    END LOOP;
    RAISE EXCEPTION 'cascade_enqueue: the key is asked for by too many at once'
        USING ERRCODE = 'serialization_failure';
END
$$;
DO $$
BEGIN
    EXECUTE format(
        'ALTER FUNCTION cascade_enqueue(text, text, json, text, timestamptz, integer)
         SET search_path = %I, pg_temp', current_schema()
    );
END
$$;
