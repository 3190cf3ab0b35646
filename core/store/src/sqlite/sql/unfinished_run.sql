-- ?1 job, ?2 project
-- plan: worker_runs_unfinished
SELECT id, job_type, project_id, state, attempt, max_attempts, payload,
    cancel_requested_at IS NOT NULL AS cancel_requested
FROM worker_runs WHERE job_type = ?1 AND project_id = ?2
    AND state IN ('available', 'running', 'retryable')
