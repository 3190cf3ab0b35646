-- By project first, so that a claim steps from project to project, however many runs wait.
DROP INDEX worker_runs_claimable;
CREATE INDEX worker_runs_claimable ON worker_runs (project_id, available_at, id)
    WHERE state IN ('available', 'retryable');
CREATE INDEX worker_runs_soonest ON worker_runs (available_at)
    WHERE state IN ('available', 'retryable');
-- A claim asks whether there are limits; there is no need to read every schedule for that.
CREATE INDEX scheduled_jobs_limited ON scheduled_jobs (job_type, concurrency)
    WHERE concurrency IS NOT NULL;
