-- Runs that are to be done and runs that are over live apart, under the name of worker_runs: what
-- workers look at and change all day stays small, however many ended runs are kept.
ALTER TABLE run_logs DROP CONSTRAINT run_logs_run_id_fkey;
ALTER TABLE worker_runs RENAME TO worker_runs_before;

-- No foreign keys: a check of the project for every step of every run costs more than the step.
-- Projects are never removed; a run's log is removed with it (see the store's prune).
CREATE TABLE worker_runs (
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
    trace_id            uuid        NOT NULL
) PARTITION BY LIST (state);

-- Half of each page is left free, for the version of a row that a claim writes. No index here names
-- what a claim or the renewal of a lease changes, so that these write no index (a HOT update).
CREATE TABLE open_runs PARTITION OF worker_runs
    FOR VALUES IN ('available', 'running', 'retryable')
    WITH (fillfactor = 45, autovacuum_vacuum_scale_factor = 0.05, vacuum_truncate = off);
CREATE TABLE ended_runs PARTITION OF worker_runs
    FOR VALUES IN ('completed', 'failed', 'cancelled');

INSERT INTO worker_runs (
    id, job_type, project_id, state, attempt, max_attempts, payload, available_at, lease_owner,
    lease_until, cancel_requested_at, queued_at, started_at, finished_at, error, summary, progress,
    trace_id
)
SELECT id, job_type, project_id, state, attempt, max_attempts, payload, available_at, lease_owner,
       lease_until, cancel_requested_at, queued_at, started_at, finished_at, error, summary, progress,
       trace_id
FROM worker_runs_before ORDER BY finished_at;

-- Who works, and until when the others wait for a sign of life. A worker that holds nothing has no row.
CREATE TABLE workers (
    owner       text        NOT NULL PRIMARY KEY,
    lease_until timestamptz NOT NULL
);
INSERT INTO workers (owner, lease_until)
SELECT lease_owner, max(lease_until) FROM worker_runs_before WHERE state = 'running' GROUP BY 1;
DROP TABLE worker_runs_before;

ALTER TABLE open_runs ADD CONSTRAINT open_runs_pkey PRIMARY KEY (id);
-- At most one unfinished run of each schedule, whoever makes it.
CREATE UNIQUE INDEX worker_runs_unfinished ON open_runs (job_type, project_id);
-- By project first, so that a claim takes from each in turn, however many one has waiting.
CREATE INDEX worker_runs_claimable ON open_runs (project_id, available_at, id);
CREATE INDEX worker_runs_soonest ON open_runs (available_at);
CREATE INDEX open_runs_queued ON open_runs (queued_at, id);

ALTER TABLE ended_runs ADD CONSTRAINT ended_runs_pkey PRIMARY KEY (id);
-- The last runs of a schedule. By day first: today's entries lie together, and a run that ends does not
-- touch a page of the index of its own among those of the last month.
CREATE INDEX worker_runs_history ON ended_runs
    (((finished_at AT TIME ZONE 'UTC')::date), job_type, project_id, finished_at);
CREATE INDEX ended_runs_queued ON ended_runs (queued_at, id);
CREATE INDEX worker_runs_by_job ON ended_runs (job_type, queued_at, id);
CREATE INDEX worker_runs_of_trace ON ended_runs (trace_id);
CREATE INDEX worker_runs_by_state ON ended_runs (state, queued_at, id)
    WHERE state <> 'completed';
-- The latest ended runs of a schedule, newest first: from today back, day by day, until there are enough.
CREATE FUNCTION last_runs(job text, project uuid, most bigint) RETURNS SETOF ended_runs
LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
DECLARE
    day    date := (SELECT max((finished_at AT TIME ZONE 'UTC')::date) FROM ended_runs);
    oldest date := (SELECT min((finished_at AT TIME ZONE 'UTC')::date) FROM ended_runs);
    found  bigint;
BEGIN
    WHILE most > 0 AND day >= oldest LOOP
        RETURN QUERY
            SELECT * FROM ended_runs r
            WHERE (r.finished_at AT TIME ZONE 'UTC')::date = day
              AND r.job_type = job AND r.project_id = project
            ORDER BY r.finished_at DESC, r.id DESC LIMIT most;
        GET DIAGNOSTICS found = ROW_COUNT;
        most := most - found;
        day := day - 1;
    END LOOP;
END
$$;
-- Rows come in the order in which they end: what is too old is in the first pages.
CREATE INDEX worker_runs_by_age ON ended_runs USING brin (finished_at)
    WITH (pages_per_range = 32, autosummarize = on);

-- A claim asks whether there are limits; there is no need to read every schedule for that.
CREATE INDEX scheduled_jobs_limited ON scheduled_jobs (job_type) WHERE concurrency IS NOT NULL;
CREATE INDEX projects_limited ON projects (id) WHERE concurrency IS NOT NULL;

-- The outbox has numbered events alone, and one index. An event of a transaction that goes on for a
-- while is pending until it is committed: see number_events.
DROP FUNCTION number_events();
ALTER TABLE events RENAME TO events_before;
CREATE TABLE events (
    id         bigint      NOT NULL,
    project_id uuid        NOT NULL,
    kind       text        NOT NULL,
    payload    json        NOT NULL,
    at         timestamptz NOT NULL
);
INSERT INTO events SELECT id, project_id, kind, payload, at FROM events_before
WHERE id IS NOT NULL ORDER BY id;
ALTER TABLE events ADD PRIMARY KEY (id);
CREATE TABLE pending_events (
    key        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id uuid        NOT NULL,
    kind       text        NOT NULL,
    payload    json        NOT NULL,
    at         timestamptz NOT NULL
);
INSERT INTO pending_events (project_id, kind, payload, at)
SELECT project_id, kind, payload, at FROM events_before WHERE id IS NULL ORDER BY key;
DROP TABLE events_before;

-- Ids are given under a lock that is held until they are visible, always as the last thing before a
-- commit and never over a round trip to a client: so that ids become visible in their own order, and
-- a client which freezes holds nobody up.
CREATE FUNCTION lock_event_ids() RETURNS void LANGUAGE sql VOLATILE AS
    $$ SELECT pg_advisory_xact_lock(hashtext('cascade.event_ids')) $$;

-- Numbers every committed event that is pending, and returns them. Each statement of a volatile
-- function sees what was committed before that statement, so the delete sees all that the previous
-- holder of the lock left.
CREATE FUNCTION number_events() RETURNS SETOF events LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pending_events) THEN
        RETURN;
    END IF;
    PERFORM lock_event_ids();
    RETURN QUERY
        WITH waiting AS (
            DELETE FROM pending_events RETURNING *
        )
        INSERT INTO events (id, project_id, kind, payload, at)
        SELECT nextval('event_ids'), w.project_id, w.kind, w.payload, w.at
        FROM (SELECT * FROM waiting ORDER BY key) w
        RETURNING *;
END
$$;
