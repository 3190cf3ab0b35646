-- Locks the first run of the key that a run was asked for with.
-- $1 id uuid
-- plan: run_requests_pkey, open_queue_runs_first
SELECT f.id FROM run_requests q JOIN open_queue_runs f
    ON f.job_type = q.job_type AND f.project_id = q.project_id AND f.key = q.key
WHERE q.run_id = $1 AND f.key IS NOT NULL AND NOT f.behind
FOR UPDATE OF f
