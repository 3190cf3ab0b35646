-- cascade_enqueue() refuses times for a run that those who read the run have no value for, such as infinity.

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
    waits    json := json_build_object(
        'requested_at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'requests', 1
    );
BEGIN
    SELECT p.id, s.max_attempts, k.key_from INTO project_of, attempts, found_at
    FROM projects p
        LEFT JOIN scheduled_jobs s ON s.job_type = cascade_enqueue.job AND s.project_id = p.id AND s.enabled
        LEFT JOIN keyed_jobs k ON k.job_type = cascade_enqueue.job
    WHERE p.slug = cascade_enqueue.project;
    IF project_of IS NULL THEN
        RAISE EXCEPTION 'cascade_enqueue: there is no project "%"', cascade_enqueue.project
            USING ERRCODE = 'invalid_parameter_value', HINT = 'the table projects has their slugs';
    END IF;
    IF attempts IS NULL THEN
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
    -- The years of RFC 3339, as for requests by HTTP: 0000 is 1 BC.
    IF cascade_enqueue.run_at < '0001-01-01 00:00:00+00 BC' OR cascade_enqueue.run_at >= '10000-01-01 00:00:00+00' THEN
        RAISE EXCEPTION 'cascade_enqueue: run_at has to be of the years 0000 to 9999, and is %', cascade_enqueue.run_at
            USING ERRCODE = 'invalid_parameter_value', HINT = 'leave run_at out, or give NULL, for a run that may begin now';
    END IF;
    IF of_key IS NULL AND found_at IS NOT NULL THEN
        of_key := key_of_arg(cascade_enqueue.args #> string_to_array(found_at, '.'));
    END IF;
    INSERT INTO run_requests (run_id, job_type, project_id, key, args, priority, run_at, asked_by)
    VALUES (run, cascade_enqueue.job, project_of, of_key, cascade_enqueue.args::text,
        cascade_enqueue.priority, cascade_enqueue.run_at, 'sql ' || session_user);
    IF of_key IS NULL THEN
        INSERT INTO open_queue_runs (
            id, job_type, project_id, state, max_attempts, payload, available_at, trace_id, rank
        )
        VALUES (
            run, cascade_enqueue.job, project_of, 'available', attempts, waits, starts, run,
            9 - cascade_enqueue.priority
        );
        RETURN run;
    END IF;
    most := runs_of_key(cascade_enqueue.job, of_key);
    -- As queue_lock_keys.sql, queue_lock_places.sql and queue_insert.sql of the store do it.
    FOR try IN 1..20 LOOP
        IF most > 1 THEN
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
            waits, starts, run, of_key, 9 - cascade_enqueue.priority, first IS NOT NULL
        )
        ON CONFLICT (job_type, project_id, key) WHERE key IS NOT NULL AND NOT behind DO NOTHING;
        IF FOUND THEN
            IF most > 1 THEN
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
ALTER FUNCTION cascade_enqueue(text, text, json, text, timestamptz, integer)
    SET plan_cache_mode = force_generic_plan;
