-- A locked run that has ended and waits again, in its place by key and priority.
-- $1 id uuid, $2 max_attempts int
-- plan: ended_queue_runs_pkey, run_requests_pkey, open_queue_runs_first
WITH gone AS (
    DELETE FROM ended_queue_runs WHERE id = $1 RETURNING *
)
INSERT INTO open_queue_runs (
    id, job_type, project_id, state, attempt, max_attempts, payload, available_at, queued_at, started_at,
    error, trace_id, key, rank, behind
)
SELECT g.id, g.job_type, g.project_id, 'available', g.attempt, $2, g.payload, now(), g.queued_at,
    g.started_at, g.error, g.trace_id, q.key, 9 - q.priority, q.key IS NOT NULL AND (
        EXISTS (
            SELECT FROM open_queue_runs f
            WHERE f.job_type = q.job_type AND f.project_id = q.project_id AND f.key = q.key
              AND f.key IS NOT NULL AND NOT f.behind
        )
        OR q.key = '' AND EXISTS (
            SELECT FROM open_runs r WHERE r.job_type = q.job_type AND r.project_id = q.project_id
        )
    )
FROM gone g JOIN run_requests q ON q.run_id = g.id
ON CONFLICT DO NOTHING
