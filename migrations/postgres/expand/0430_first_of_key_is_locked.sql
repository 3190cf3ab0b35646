-- A run goes behind the first of its key only in a transaction that has the lock of that. The first of a key can end
-- between the statement that locks it and the one that makes the run, and let another go first: the end of that one would
-- not see the run, which is not committed yet, and nothing would let the run go ahead.

-- As before, besides with the numbers of single keys and runs that are held (0410), and without a notification, which
-- the trigger of 0420 makes.
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
    first    uuid;
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
    SELECT key_from INTO found_at FROM keyed_jobs WHERE job_type = cascade_enqueue.job;
    IF of_key IS NULL AND found_at IS NOT NULL THEN
        of_key := key_of_arg(cascade_enqueue.args #> string_to_array(found_at, '.'));
    END IF;
    most := runs_of_key(cascade_enqueue.job, of_key);
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
              AND available_at > starts AND held_until IS DISTINCT FROM available_at;
        END IF;
        -- What is first by now is locked, or all is done once more.
        SELECT id INTO first FROM open_queue_runs
        WHERE job_type = cascade_enqueue.job AND project_id = project_of AND key = of_key
          AND key IS NOT NULL AND NOT behind;
        IF first IS NOT NULL AND coalesce(most, 1) = 1 THEN
            PERFORM FROM open_queue_runs WHERE id = first AND NOT behind FOR UPDATE SKIP LOCKED;
            CONTINUE WHEN NOT FOUND;
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
            ), starts, run, of_key, 9 - cascade_enqueue.priority, first IS NOT NULL
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
