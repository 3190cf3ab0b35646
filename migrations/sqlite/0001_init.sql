-- The host's own tables. Times are UTC text of fixed width, `YYYY-MM-DDTHH:MM:SS.sssZ`, so that they
-- compare as times. Ids are UUID text, version 7 where order of creation helps.

CREATE TABLE projects (
    id         TEXT NOT NULL PRIMARY KEY,
    slug       TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;

-- One row for each job of jobs.toml and each project.
CREATE TABLE scheduled_jobs (
    id           TEXT    NOT NULL PRIMARY KEY,
    job_type     TEXT    NOT NULL,
    project_id   TEXT    NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    -- What a person chose; `enabled` is what jobs.toml says. A job runs when both allow it.
    status       TEXT    NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused')),
    enabled      INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
    next_run_at  TEXT,
    -- `every 15m` or `cron LINE ZONE`; NULL leaves the job to cascades and people.
    schedule     TEXT,
    max_attempts INTEGER NOT NULL,
    -- The triggers that wait for the next run.
    payload      TEXT    NOT NULL DEFAULT '{}',
    updated_at   TEXT    NOT NULL,
    UNIQUE (job_type, project_id)
) STRICT;

CREATE INDEX scheduled_jobs_due ON scheduled_jobs (next_run_at)
    WHERE status = 'active' AND enabled = 1 AND next_run_at IS NOT NULL;

CREATE TABLE worker_runs (
    id           TEXT    NOT NULL PRIMARY KEY,
    job_type     TEXT    NOT NULL,
    project_id   TEXT    NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    state        TEXT    NOT NULL CHECK (
        state IN ('available', 'running', 'retryable', 'completed', 'failed', 'cancelled')
    ),
    attempt      INTEGER NOT NULL DEFAULT 0,
    max_attempts INTEGER NOT NULL,
    payload      TEXT    NOT NULL DEFAULT '{}',
    -- When an available or retryable run may be claimed.
    available_at TEXT    NOT NULL,
    lease_owner  TEXT,
    lease_until  TEXT,
    queued_at    TEXT    NOT NULL,
    started_at   TEXT,
    finished_at  TEXT,
    error        TEXT,
    summary      TEXT,
    progress     TEXT,
    trace_id     TEXT    NOT NULL
) STRICT;

CREATE INDEX worker_runs_claimable ON worker_runs (available_at)
    WHERE state IN ('available', 'retryable');
CREATE INDEX worker_runs_leased ON worker_runs (lease_until) WHERE state = 'running';
CREATE INDEX worker_runs_unfinished ON worker_runs (job_type, project_id)
    WHERE state IN ('available', 'running', 'retryable');
CREATE INDEX worker_runs_history ON worker_runs (job_type, project_id, finished_at)
    WHERE state IN ('completed', 'failed', 'cancelled');
CREATE INDEX worker_runs_queued ON worker_runs (queued_at);

CREATE TABLE run_logs (
    seq     INTEGER PRIMARY KEY,
    run_id  TEXT NOT NULL REFERENCES worker_runs (id) ON DELETE CASCADE,
    at      TEXT NOT NULL,
    level   TEXT NOT NULL CHECK (level IN ('debug', 'info', 'warn', 'error')),
    message TEXT NOT NULL,
    fields  TEXT
) STRICT;

CREATE INDEX run_logs_of_run ON run_logs (run_id, seq);

-- The outbox. AUTOINCREMENT never hands out an id twice, and the one writer makes ids follow the
-- order of commits, so that `id > last` finds every event.
CREATE TABLE events (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id TEXT NOT NULL,
    kind       TEXT NOT NULL,
    payload    TEXT NOT NULL,
    at         TEXT NOT NULL
) STRICT;
