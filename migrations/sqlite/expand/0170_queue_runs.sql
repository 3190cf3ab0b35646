-- Runs that callers ask for: any number of each job wait and run at once, or one for each key. Their
-- table is that of the schedules' runs once more, which a version that does not know it neither reads nor
-- claims from: it would run them without their args.
CREATE TABLE queue_runs (
    id                  TEXT    NOT NULL PRIMARY KEY,
    job_type            TEXT    NOT NULL,
    project_id          TEXT    NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    state               TEXT    NOT NULL CHECK (
        state IN ('available', 'running', 'retryable', 'completed', 'failed', 'cancelled')
    ),
    attempt             INTEGER NOT NULL DEFAULT 0,
    max_attempts        INTEGER NOT NULL,
    payload             TEXT    NOT NULL DEFAULT '{}',
    -- When an available or retryable run may be claimed.
    available_at        TEXT    NOT NULL,
    lease_owner         TEXT,
    lease_until         TEXT,
    queued_at           TEXT    NOT NULL,
    started_at          TEXT,
    finished_at         TEXT,
    error               TEXT,
    summary             TEXT,
    progress            TEXT,
    trace_id            TEXT    NOT NULL,
    cancel_requested_at TEXT,
    -- '' is the key of the schedule, which no caller can name.
    key                 TEXT,
    -- 9 less the priority, so that an index in ascending order begins with the highest.
    rank                INTEGER NOT NULL DEFAULT 9,
    -- Another run of its key is before it, and lets it go ahead at its end.
    behind              INTEGER NOT NULL DEFAULT 0 CHECK (behind IN (0, 1))
) STRICT;

-- Of each key one run alone is not behind another: it may begin, has begun, or is to be tried again.
CREATE UNIQUE INDEX queue_runs_first ON queue_runs (job_type, project_id, key)
    WHERE key IS NOT NULL AND behind = 0 AND state IN ('available', 'running', 'retryable');
CREATE INDEX queue_runs_behind ON queue_runs (job_type, project_id, key, rank, available_at, id)
    WHERE behind = 1 AND state = 'available';
CREATE INDEX queue_runs_of_schedule ON queue_runs (job_type, project_id) 
    WHERE behind = 1 AND key = '' AND state = 'available';
-- A claim steps from one (project, job, rank) to the next, whatever waits in each.
CREATE INDEX queue_runs_claimable ON queue_runs (project_id, job_type, rank, available_at, id)
    WHERE state IN ('available', 'retryable') AND behind = 0;
CREATE INDEX queue_runs_leased ON queue_runs (lease_until) WHERE state = 'running';
CREATE INDEX queue_runs_open ON queue_runs (job_type, project_id)
    WHERE state IN ('available', 'running', 'retryable');
CREATE INDEX queue_runs_history ON queue_runs (job_type, project_id, finished_at)
    WHERE state IN ('completed', 'failed', 'cancelled');
CREATE INDEX queue_runs_ended ON queue_runs (finished_at)
    WHERE state IN ('completed', 'failed', 'cancelled');
CREATE INDEX queue_runs_queued ON queue_runs (queued_at, id);
CREATE INDEX queue_runs_of_trace ON queue_runs (trace_id, queued_at, id);
CREATE INDEX queue_runs_by_job ON queue_runs (job_type, queued_at, id);
CREATE INDEX queue_runs_by_state ON queue_runs (state, queued_at, id) WHERE state <> 'completed';

-- What was asked for. Written once.
CREATE TABLE run_requests (
    run_id     TEXT    NOT NULL PRIMARY KEY,
    job_type   TEXT    NOT NULL,
    project_id TEXT    NOT NULL,
    key        TEXT,
    args       TEXT    NOT NULL DEFAULT '{}',
    priority   INTEGER NOT NULL DEFAULT 0,
    -- When it was to begin, if not at once.
    run_at     TEXT,
    -- Who asked: a user, a token, another run.
    asked_by   TEXT,
    queued_at  TEXT    NOT NULL
) STRICT;
CREATE INDEX run_requests_of_key ON run_requests (job_type, project_id, key, queued_at)
    WHERE key IS NOT NULL;
CREATE INDEX run_requests_by_age ON run_requests (queued_at);

-- Answers of requests that bear an idempotency key: the same request is answered alike for a day.
CREATE TABLE idempotency_keys (
    -- Who asked, of which job in which project.
    scope  TEXT NOT NULL,
    key    TEXT NOT NULL,
    -- Half of the SHA-256 of what was asked, in hexadecimal digits.
    digest TEXT NOT NULL,
    run_id TEXT NOT NULL,
    at     TEXT NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (at);

-- A line of a log may be of either kind of run: its run is no longer a foreign key. Lines are removed with
-- their run by who removes that.
CREATE TABLE run_logs_of_all (
    seq     INTEGER PRIMARY KEY,
    run_id  TEXT NOT NULL,
    at      TEXT NOT NULL,
    level   TEXT NOT NULL CHECK (level IN ('debug', 'info', 'warn', 'error')),
    message TEXT NOT NULL,
    fields  TEXT
) STRICT;
INSERT INTO run_logs_of_all SELECT seq, run_id, at, level, message, fields FROM run_logs;
DROP TABLE run_logs;
ALTER TABLE run_logs_of_all RENAME TO run_logs;
CREATE INDEX run_logs_of_run ON run_logs (run_id, seq);
CREATE INDEX run_logs_by_age ON run_logs (at);

-- All runs, whoever asked for them: what lists read, and people who query the database.
CREATE VIEW all_runs AS
SELECT id, job_type, project_id, state, attempt, max_attempts, payload, available_at, lease_owner,
    lease_until, cancel_requested_at, queued_at, started_at, finished_at, error, summary, progress,
    trace_id
FROM worker_runs
UNION ALL
SELECT id, job_type, project_id,
    CASE WHEN available_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AND state = 'available'
         THEN 'scheduled' ELSE state END,
    attempt, max_attempts, payload, available_at, lease_owner, lease_until, cancel_requested_at,
    queued_at, started_at, finished_at, error, summary, progress, trace_id
FROM queue_runs WHERE state IN ('available', 'running', 'retryable')
UNION ALL
SELECT id, job_type, project_id, state, attempt, max_attempts, payload, available_at, lease_owner,
    lease_until, cancel_requested_at, queued_at, started_at, finished_at, error, summary, progress,
    trace_id
FROM queue_runs WHERE state IN ('completed', 'failed', 'cancelled');
