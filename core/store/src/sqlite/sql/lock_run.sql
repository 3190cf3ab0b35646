-- The one writer has locked it.
-- ?1 id
-- plan: sqlite_autoindex_worker_runs_1
SELECT id, job_type, project_id, state, attempt, max_attempts, payload,
    cancel_requested_at IS NOT NULL AS cancel_requested
FROM worker_runs WHERE id = ?1
