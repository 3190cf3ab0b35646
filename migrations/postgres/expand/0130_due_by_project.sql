-- Where much is due at once, the first of each project is found without reading the rest.
CREATE INDEX IF NOT EXISTS scheduled_jobs_due_by_project ON scheduled_jobs (project_id, next_run_at)
    WHERE status = 'active' AND enabled AND next_run_at IS NOT NULL;
