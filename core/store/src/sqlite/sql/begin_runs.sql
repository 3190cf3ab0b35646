-- Makes runs that a worker has begun with, each unless its job has an unfinished run in its project, or something
-- limits how many may run.
-- ?1 worker, ?2 modifier of the date functions: how long, ?3 [[id, job, project, max_attempts, payload, trace], ...]
-- plan: sqlite_autoindex_projects_1 (the constraint is worker_runs_unfinished)
INSERT INTO worker_runs (
    id, job_type, project_id, state, attempt, max_attempts, payload, trace_id, available_at, queued_at,
    started_at, lease_owner, lease_until
)
SELECT s.id, s.job_type, s.project_id, 'running', 1, s.max_attempts, s.payload, s.trace_id, s.at, s.at, s.at, ?1,
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ?2)
FROM (
    SELECT value ->> 0 AS id, value ->> 1 AS job_type, value ->> 2 AS project_id,
        value ->> 3 AS max_attempts, value ->> 4 AS payload, value ->> 5 AS trace_id,
        strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS at
    FROM json_each(?3)
) s JOIN projects p ON p.id = s.project_id
WHERE p.concurrency IS NULL AND NOT EXISTS (
    SELECT 1 FROM scheduled_jobs j
    WHERE j.job_type = s.job_type AND j.concurrency IS NOT NULL
) AND NOT EXISTS (
    SELECT 1 FROM shared_limit_jobs l WHERE l.job_type = s.job_type
) AND NOT EXISTS (
    SELECT 1 FROM queue_runs q
    WHERE q.job_type = s.job_type AND q.project_id = s.project_id AND q.key = ''
      AND q.key IS NOT NULL AND q.behind = 0 AND q.state IN ('available', 'running', 'retryable')
)
ON CONFLICT DO NOTHING
RETURNING id, lease_owner, attempt, job_type, project_id, max_attempts, payload, trace_id, queued_at,
    started_at, false AS alone, (SELECT slug FROM projects p WHERE p.id = worker_runs.project_id) AS slug,
    (SELECT name FROM projects p WHERE p.id = worker_runs.project_id) AS name
