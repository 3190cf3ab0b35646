-- Runs that callers ask for: any number of each job wait and run at once, or one for each key. Their
-- tables are those of the schedules' runs once more, which a version that does not know them neither reads
-- nor claims from: it would run them without their args.
CREATE TABLE queue_runs (
    id                  uuid        NOT NULL,
    job_type            text        NOT NULL,
    project_id          uuid        NOT NULL,
    state               text        NOT NULL,
    attempt             integer     NOT NULL DEFAULT 0,
    max_attempts        integer     NOT NULL,
    payload             json        NOT NULL DEFAULT '{}',
    -- When an available or retryable run may be claimed.
    available_at        timestamptz NOT NULL DEFAULT now(),
    lease_owner         text,
    lease_until         timestamptz,
    cancel_requested_at timestamptz,
    queued_at           timestamptz NOT NULL DEFAULT now(),
    started_at          timestamptz,
    finished_at         timestamptz,
    error               text,
    summary             text,
    progress            json,
    trace_id            uuid        NOT NULL,
    -- The three below are of unfinished runs. '' is the key of the schedule, which no caller can name.
    key                 text,
    -- 9 less the priority, so that an index in ascending order begins with the highest.
    rank                smallint    NOT NULL DEFAULT 9,
    -- Another run of its key is before it, and lets it go ahead at its end.
    behind              boolean     NOT NULL DEFAULT false
) PARTITION BY LIST (state);

CREATE TABLE open_queue_runs PARTITION OF queue_runs
    FOR VALUES IN ('available', 'running', 'retryable')
    WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, vacuum_truncate = off);
ALTER TABLE open_queue_runs ADD CONSTRAINT open_queue_runs_pkey PRIMARY KEY (id);
-- Of each key one run alone is not behind another: it may begin, has begun, or is to be tried again.
CREATE UNIQUE INDEX open_queue_runs_first ON open_queue_runs (job_type, project_id, key)
    WHERE key IS NOT NULL AND NOT behind;
CREATE INDEX open_queue_runs_behind ON open_queue_runs (job_type, project_id, key, rank, available_at, id)
    WHERE behind;
CREATE INDEX open_queue_runs_of_schedule ON open_queue_runs (job_type, project_id)
    WHERE behind AND key = '';
-- A claim steps from one (project, job, rank) to the next, whatever waits in each.
CREATE INDEX open_queue_runs_claimable ON open_queue_runs (project_id, job_type, rank, available_at, id)
    WHERE state <> 'running' AND NOT behind;
CREATE INDEX open_queue_runs_leased ON open_queue_runs (lease_owner) WHERE state = 'running';
CREATE INDEX open_queue_runs_queued ON open_queue_runs (queued_at, id);

CREATE TABLE ended_queue_runs PARTITION OF queue_runs
    FOR VALUES IN ('completed', 'failed', 'cancelled');
ALTER TABLE ended_queue_runs ADD CONSTRAINT ended_queue_runs_pkey PRIMARY KEY (id);
CREATE INDEX ended_queue_runs_history ON ended_queue_runs (job_type, project_id, finished_at, id);
CREATE INDEX ended_queue_runs_queued ON ended_queue_runs (queued_at, id)
    INCLUDE (job_type, project_id, state);
CREATE INDEX ended_queue_runs_of_trace ON ended_queue_runs (trace_id) WHERE trace_id <> id;
CREATE INDEX ended_queue_runs_by_state ON ended_queue_runs (state, queued_at, id)
    WHERE state <> 'completed';
CREATE INDEX ended_queue_runs_by_age ON ended_queue_runs USING brin (finished_at)
    WITH (pages_per_range = 32, autosummarize = on);

-- As `workers`, of those that hold such runs: an older version forgets a worker there that holds none of
-- the runs that it knows.
CREATE TABLE queue_workers (
    owner       text        NOT NULL PRIMARY KEY,
    lease_until timestamptz NOT NULL
);

-- What was asked for. Written once, and never moved with the run.
CREATE TABLE run_requests (
    run_id     uuid        NOT NULL PRIMARY KEY,
    job_type   text        NOT NULL,
    project_id uuid        NOT NULL,
    key        text,
    args       text        NOT NULL DEFAULT '{}',
    priority   smallint    NOT NULL DEFAULT 0,
    -- When it was to begin, if not at once.
    run_at     timestamptz,
    -- Who asked: a user, a token, another run.
    asked_by   text,
    queued_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX run_requests_of_key ON run_requests (job_type, project_id, key, queued_at)
    WHERE key IS NOT NULL;
CREATE INDEX run_requests_by_age ON run_requests (queued_at);

-- Answers of requests that bear an idempotency key: the same request is answered alike for a day.
CREATE TABLE idempotency_keys (
    -- Who asked, of which job in which project.
    scope  text        NOT NULL,
    key    text        NOT NULL,
    -- Half of the SHA-256 of what was asked, in hexadecimal digits.
    digest text        NOT NULL,
    run_id uuid        NOT NULL,
    at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (at);

-- All runs, whoever asked for them: what lists read, and people who query the database.
CREATE VIEW all_runs AS
SELECT id, job_type, project_id, state, attempt, max_attempts, payload, available_at, lease_owner,
    lease_until, cancel_requested_at, queued_at, started_at, finished_at, error, summary, progress,
    trace_id
FROM worker_runs
UNION ALL
SELECT id, job_type, project_id,
    CASE WHEN state = 'available' AND available_at > now() THEN 'scheduled' ELSE state END,
    attempt, max_attempts, payload, available_at, lease_owner, lease_until, cancel_requested_at,
    queued_at, started_at, finished_at, error, summary, progress, trace_id
FROM open_queue_runs
UNION ALL
SELECT id, job_type, project_id, state, attempt, max_attempts, payload, available_at, lease_owner,
    lease_until, cancel_requested_at, queued_at, started_at, finished_at, error, summary, progress,
    trace_id
FROM ended_queue_runs;

-- As last_runs, of runs that callers ask for.
CREATE FUNCTION last_queue_runs(job text, project uuid, most bigint) RETURNS SETOF ended_queue_runs
LANGUAGE sql STABLE AS $$
    SELECT * FROM ended_queue_runs r
    WHERE r.job_type = job AND r.project_id = project
    ORDER BY r.finished_at DESC, r.id DESC LIMIT most
$$;

-- An id of version 7: milliseconds of the database's clock, then chance.
CREATE FUNCTION cascade_uuid7() RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT encode(
        set_bit(set_bit(overlay(
            uuid_send(gen_random_uuid())
            PLACING substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
            FROM 1 FOR 6
        ), 52, 1), 53, 1), 'hex')::uuid
$$;

-- Makes a run in the transaction of an application, which needs no right on any table: EXECUTE is granted
-- by name. It cannot check the args against the job's schema; the worker does, and fails the run.
CREATE FUNCTION cascade_enqueue(
    job text, project text, args json DEFAULT '{}', key text DEFAULT NULL,
    run_at timestamptz DEFAULT NULL, priority integer DEFAULT 0
) RETURNS uuid LANGUAGE plpgsql VOLATILE SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE
    run      uuid := cascade_uuid7();
    project_of       uuid;
    attempts integer;
    starts   timestamptz := greatest(coalesce(cascade_enqueue.run_at, now()), now());
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
    IF octet_length(cascade_enqueue.key) NOT BETWEEN 1 AND 256 THEN
        RAISE EXCEPTION 'cascade_enqueue: a key has 1 to 256 bytes'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF cascade_enqueue.priority IS NULL OR cascade_enqueue.priority NOT BETWEEN 0 AND 9 THEN
        RAISE EXCEPTION 'cascade_enqueue: a priority is 0 to 9'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO run_requests (run_id, job_type, project_id, key, args, priority, run_at, asked_by)
    VALUES (run, cascade_enqueue.job, project_of, cascade_enqueue.key, cascade_enqueue.args::text,
        cascade_enqueue.priority, cascade_enqueue.run_at, 'sql ' || session_user);
    -- As queue_lock_keys.sql and queue_insert.sql of the store do it.
    FOR try IN 1..20 LOOP
        PERFORM id FROM open_queue_runs
        WHERE job_type = cascade_enqueue.job AND project_id = project_of AND key = cascade_enqueue.key
          AND key IS NOT NULL AND NOT behind
        FOR UPDATE;
        UPDATE open_queue_runs SET behind = true
        WHERE job_type = cascade_enqueue.job AND project_id = project_of AND key = cascade_enqueue.key
          AND key IS NOT NULL AND NOT behind AND state = 'available' AND attempt = 0
          AND available_at > starts;
        INSERT INTO open_queue_runs (
            id, job_type, project_id, state, max_attempts, payload, available_at, trace_id, key, rank,
            behind
        )
        VALUES (
            run, cascade_enqueue.job, project_of, 'available', attempts,
            json_build_object(
                'requested_at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                'requests', 1
            ), starts, run, cascade_enqueue.key, 9 - cascade_enqueue.priority, EXISTS (
                SELECT FROM open_queue_runs
                WHERE job_type = cascade_enqueue.job AND project_id = project_of AND key = cascade_enqueue.key
                  AND key IS NOT NULL AND NOT behind
            )
        )
        ON CONFLICT (job_type, project_id, key) WHERE key IS NOT NULL AND NOT behind DO NOTHING;
        IF FOUND THEN
            PERFORM pg_notify('worker_signals', 'look');
            RETURN run;
        END IF;
    END LOOP;
    RAISE EXCEPTION 'cascade_enqueue: the key is asked for by too many at once'
        USING ERRCODE = 'serialization_failure';
END
$$;
REVOKE ALL ON FUNCTION cascade_enqueue(text, text, json, text, timestamptz, integer) FROM PUBLIC;
-- Temporary tables of a caller come last, and are never taken for those of the host.
DO $$
BEGIN
    EXECUTE format(
        'ALTER FUNCTION cascade_enqueue(text, text, json, text, timestamptz, integer)
         SET search_path = %I, pg_temp', current_schema()
    );
END
$$;
