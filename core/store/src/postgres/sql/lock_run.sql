-- $1 id uuid
-- plan: open_runs_pkey, ended_runs_pkey
SELECT id, job_type, project_id, state, attempt, max_attempts, payload::text AS payload,
    cancel_requested_at IS NOT NULL AS cancel_requested
FROM worker_runs WHERE id = ANY(ARRAY(SELECT $1::uuid)) FOR UPDATE
