-- Ends leased runs.
-- ?1 [[id, attempt, owner, state, error, summary, modifier of the date functions or NULL], ...]
-- plan: sqlite_autoindex_worker_runs_1
UPDATE worker_runs
SET state = e.value ->> 3, error = coalesce(e.value ->> 4, error), summary = e.value ->> 5,
    lease_owner = NULL, lease_until = NULL, cancel_requested_at = NULL,
    finished_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
    started_at = CASE WHEN e.value ->> 6 IS NULL THEN started_at
                      ELSE max(started_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now', e.value ->> 6)) END
FROM json_each(?1) e
WHERE worker_runs.id = e.value ->> 0 AND attempt = e.value ->> 1 AND lease_owner = e.value ->> 2
  AND worker_runs.state = 'running'
RETURNING worker_runs.id, attempt, job_type, project_id, trace_id, finished_at
