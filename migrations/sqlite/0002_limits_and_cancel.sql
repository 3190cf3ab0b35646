-- Runs of a project, or of a job type, at a time; NULL for no limit.
ALTER TABLE projects ADD COLUMN concurrency INTEGER CHECK (concurrency > 0);
ALTER TABLE scheduled_jobs ADD COLUMN concurrency INTEGER CHECK (concurrency > 0);

-- When a person asked a running run to stop.
ALTER TABLE worker_runs ADD COLUMN cancel_requested_at TEXT;

-- At most one unfinished run of each schedule, whoever makes it.
DROP INDEX worker_runs_unfinished;
CREATE UNIQUE INDEX worker_runs_unfinished ON worker_runs (job_type, project_id)
    WHERE state IN ('available', 'running', 'retryable');

-- What retention looks for.
CREATE INDEX worker_runs_ended ON worker_runs (finished_at)
    WHERE state IN ('completed', 'failed', 'cancelled');
CREATE INDEX run_logs_by_age ON run_logs (at);
CREATE INDEX events_by_age ON events (at);
