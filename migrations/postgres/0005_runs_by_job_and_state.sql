-- Runs of a job, and those that did not simply succeed, in the order of pages.
CREATE INDEX worker_runs_by_job ON worker_runs (job_type, queued_at, id);
CREATE INDEX worker_runs_by_state ON worker_runs (state, queued_at, id) WHERE state <> 'completed';
