-- Leases runs to a worker; an attempt of each begins.
-- ?1 worker, ?2 modifier of the date functions: how long, ?3 [id, ...]
-- plan: sqlite_autoindex_worker_runs_1, sqlite_autoindex_projects_1
UPDATE worker_runs
SET state = 'running', attempt = attempt + 1, lease_owner = ?1,
    lease_until = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ?2),
    started_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), finished_at = NULL, progress = NULL
WHERE id IN (SELECT value FROM json_each(?3))
RETURNING id, lease_owner, attempt, job_type, project_id, max_attempts, payload, trace_id, queued_at,
    started_at, loss_counts IS 0 AS alone, (SELECT slug FROM projects p WHERE p.id = worker_runs.project_id) AS slug,
    (SELECT name FROM projects p WHERE p.id = worker_runs.project_id) AS name
