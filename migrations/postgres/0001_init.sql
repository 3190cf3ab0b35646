-- The host's own tables. See migrations/sqlite for the twin: the names are the same.

CREATE TABLE projects (
    id          uuid        NOT NULL PRIMARY KEY,
    slug        text        NOT NULL UNIQUE,
    name        text        NOT NULL,
    -- Runs of this project at a time, over all workers; NULL for no limit.
    concurrency integer CHECK (concurrency > 0),
    created_at  timestamptz NOT NULL DEFAULT now()
);

-- One row for each job of jobs.toml and each project.
CREATE TABLE scheduled_jobs (
    id           uuid        NOT NULL PRIMARY KEY,
    job_type     text        NOT NULL,
    project_id   uuid        NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    -- What a person chose; `enabled` is what jobs.toml says. A job runs when both allow it.
    status       text        NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused')),
    enabled      boolean     NOT NULL DEFAULT true,
    next_run_at  timestamptz,
    -- `every 15m` or `cron LINE ZONE`; NULL leaves the job to cascades and people.
    schedule     text,
    max_attempts integer     NOT NULL,
    -- Runs of this job type at a time, over all workers and projects; NULL for no limit.
    concurrency  integer CHECK (concurrency > 0),
    -- The triggers that wait for the next run. Kept as text: the host alone reads it.
    payload      json        NOT NULL DEFAULT '{}',
    updated_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (job_type, project_id)
);

CREATE INDEX scheduled_jobs_due ON scheduled_jobs (next_run_at)
    WHERE status = 'active' AND enabled AND next_run_at IS NOT NULL;

CREATE TABLE worker_runs (
    id                  uuid        NOT NULL PRIMARY KEY,
    job_type            text        NOT NULL,
    project_id          uuid        NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    state               text        NOT NULL CHECK (
        state IN ('available', 'running', 'retryable', 'completed', 'failed', 'cancelled')
    ),
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
    trace_id            uuid        NOT NULL
);

-- By project first, so that a claim takes from each in turn, however many one has waiting.
CREATE INDEX worker_runs_claimable ON worker_runs (project_id, available_at, id)
    WHERE state IN ('available', 'retryable');
CREATE INDEX worker_runs_soonest ON worker_runs (available_at)
    WHERE state IN ('available', 'retryable');
CREATE INDEX worker_runs_leased ON worker_runs (lease_until) WHERE state = 'running';
-- At most one unfinished run of each schedule, whoever makes it.
CREATE UNIQUE INDEX worker_runs_unfinished ON worker_runs (job_type, project_id)
    WHERE state IN ('available', 'running', 'retryable');
CREATE INDEX worker_runs_history ON worker_runs (job_type, project_id, finished_at)
    WHERE state IN ('completed', 'failed', 'cancelled');
CREATE INDEX worker_runs_ended ON worker_runs (finished_at)
    WHERE state IN ('completed', 'failed', 'cancelled');
CREATE INDEX worker_runs_queued ON worker_runs (queued_at);

CREATE TABLE run_logs (
    seq     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id  uuid        NOT NULL REFERENCES worker_runs (id) ON DELETE CASCADE,
    at      timestamptz NOT NULL,
    level   text        NOT NULL CHECK (level IN ('debug', 'info', 'warn', 'error')),
    message text        NOT NULL,
    fields  json
);

CREATE INDEX run_logs_of_run ON run_logs (run_id, seq);
CREATE INDEX run_logs_by_age ON run_logs (at);

-- The outbox. A sequence hands out its numbers before commit, so that a lower one can become visible
-- after a higher one and a reader at `id > last` would miss it for ever. Hence two steps: a run's
-- transaction appends a row without an id, and `number_events` gives ids to what is committed.
CREATE TABLE events (
    key        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         bigint      UNIQUE,
    project_id uuid        NOT NULL,
    kind       text        NOT NULL,
    payload    json        NOT NULL,
    at         timestamptz NOT NULL
);

CREATE INDEX events_unnumbered ON events (key) WHERE id IS NULL;
CREATE INDEX events_by_age ON events (at);
CREATE SEQUENCE event_ids;

-- Numbers every committed event that has no id, and returns them. One at a time, under a lock that is
-- held until its ids are visible: ids become visible in their own order. Each statement of a volatile
-- function sees what was committed before that statement, so the update sees all that the previous
-- holder of the lock did. It is called by itself, never in a longer transaction, so that a client
-- which freezes holds nobody up.
CREATE FUNCTION number_events() RETURNS SETOF events LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM events WHERE id IS NULL) THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('cascade.number_events'));
    RETURN QUERY
        WITH waiting AS (
            SELECT w.key, nextval('event_ids') AS id
            FROM (SELECT e.key FROM events e WHERE e.id IS NULL ORDER BY e.key) w
        ), numbered AS (
            UPDATE events e SET id = waiting.id FROM waiting WHERE e.key = waiting.key
            RETURNING e.*
        )
        SELECT * FROM numbered ORDER BY id;
END
$$;
