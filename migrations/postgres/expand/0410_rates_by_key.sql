-- Rates by key, and numbers of single keys.

-- A rate of each key of a job: runs that may begin in so many milliseconds.
ALTER TABLE keyed_jobs ADD COLUMN rate bigint;
ALTER TABLE keyed_jobs ADD COLUMN period_ms bigint;
-- Whether its keys have a rate, or one of them has: claims of runs of queues then count what begins.
ALTER TABLE keyed_jobs ADD COLUMN rated boolean NOT NULL DEFAULT false;
CREATE INDEX keyed_jobs_rated ON keyed_jobs (job_type) WHERE rated;

-- The numbers of single keys; NULL for those of the job, which has a row in keyed_jobs.
CREATE TABLE key_values (
    job_type     text    NOT NULL,
    key          text    NOT NULL,
    runs_per_key integer,
    rate         bigint,
    period_ms    bigint,
    PRIMARY KEY (job_type, key)
);

-- How many runs of a key go at a time.
CREATE FUNCTION runs_of_key(of_job text, of_key text) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN of_key = '' THEN 1 ELSE coalesce(
        (SELECT v.runs_per_key FROM key_values v WHERE v.job_type = of_job AND v.key = of_key),
        (SELECT j.runs_per_key FROM keyed_jobs j WHERE j.job_type = of_job),
        1
    ) END
$$;

-- What has begun of each key that has a rate: [[milliseconds since 1970 of the last, how many], ...], in pieces of a
-- hundredth of the period. Who claims runs of the key has its row locked until the transaction ends. A row whose time is
-- over is removed; in hours, so that the index changes seldom and the row is updated in its page.
CREATE TABLE key_begins (
    job_type   text   NOT NULL,
    project_id uuid   NOT NULL,
    key        text   NOT NULL,
    begun      text   NOT NULL DEFAULT '[]',
    until_hour bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (job_type, project_id, key)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX key_begins_over ON key_begins (until_hour);

-- A run that the rate of its key keeps waiting is held: it may begin at `held_until`, which is its `available_at` as long
-- as it is held, and waits since `held_from`. `held_by` is that rate. A version that does not know these columns takes it
-- for one that waits for its time.
ALTER TABLE queue_runs ADD COLUMN held_until timestamptz;
ALTER TABLE queue_runs ADD COLUMN held_from timestamptz;
ALTER TABLE queue_runs ADD COLUMN held_by text;
CREATE INDEX open_queue_runs_held ON open_queue_runs (job_type) WHERE held_until IS NOT NULL;

-- As before; one that is held waits for no later time than a request, and where it goes behind others all the same, its
-- place among them is by the time since when it waits.
CREATE OR REPLACE FUNCTION give_up_places(of_job text, of_project uuid, of_key text, due timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM key_turns WHERE nth = key_turn(of_job, of_project, of_key) FOR UPDATE;
    UPDATE open_queue_runs SET behind = true, key = of_key, beside = NULL, place = NULL,
        available_at = CASE WHEN held_until = available_at THEN held_from ELSE available_at END
    WHERE id IN (
        SELECT r.id FROM open_queue_runs r
        WHERE r.id IN (SELECT h.id FROM places_of_key(of_job, of_project, of_key) h)
          AND r.state = 'available' AND r.attempt = 0
          AND (due IS NULL OR r.available_at > due AND r.held_until IS DISTINCT FROM r.available_at)
        FOR UPDATE SKIP LOCKED
    );
END
$$;

-- As before, with the number of the key where it has one; a run that is held keeps its place.
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
            PERFORM pg_notify('worker_signals', 'look');
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
