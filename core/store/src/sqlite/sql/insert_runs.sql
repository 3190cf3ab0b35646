-- Makes runs that wait, each unless its job has an unfinished run in its project.
-- ?1 [[id, job, project, max_attempts, payload, trace], ...]
-- plan: none (the constraint is worker_runs_unfinished)
INSERT INTO worker_runs
    (id, job_type, project_id, state, max_attempts, payload, trace_id, available_at, queued_at)
SELECT value ->> 0, value ->> 1, value ->> 2, 'available', value ->> 3, value ->> 4, value ->> 5, at, at
FROM json_each(?1), (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS at)
WHERE true
ON CONFLICT DO NOTHING
RETURNING id
