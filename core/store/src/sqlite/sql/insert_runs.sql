-- Makes runs that wait, each unless its job has an unfinished run in its project.
-- ?1 [[id, job, project, max_attempts, payload, trace], ...]
-- plan: none (the constraint is worker_runs_unfinished)
INSERT INTO worker_runs
    (id, job_type, project_id, state, max_attempts, payload, trace_id, available_at, queued_at)
SELECT s.id, s.job_type, s.project_id, 'available', s.max_attempts, s.payload, s.trace_id, s.at, s.at
FROM (
    SELECT value ->> 0 AS id, value ->> 1 AS job_type, value ->> 2 AS project_id,
        value ->> 3 AS max_attempts, value ->> 4 AS payload, value ->> 5 AS trace_id,
        strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS at
    FROM json_each(?1)
) s
WHERE NOT EXISTS (
    SELECT 1 FROM queue_runs q
    WHERE q.job_type = s.job_type AND q.project_id = s.project_id AND q.key = ''
      AND q.key IS NOT NULL AND q.behind = 0 AND q.state IN ('available', 'running', 'retryable')
)
ON CONFLICT DO NOTHING
RETURNING id
