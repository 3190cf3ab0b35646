-- A claim steps over the runs of jobs that are paused, or that jobs.toml disables or no longer names.
CREATE INDEX IF NOT EXISTS scheduled_jobs_off ON scheduled_jobs (job_type, project_id)
    WHERE status <> 'active' OR NOT enabled;
