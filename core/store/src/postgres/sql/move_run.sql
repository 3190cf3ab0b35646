-- A locked run that ends, or has ended and waits again, unless its job has another unfinished run, also one that
-- was asked for with the schedule's key. An update of the state would do the same, but a transaction that waits for the
-- row would get an error.
-- $1 id uuid, $2 state text, $3 max_attempts int, $4 why it ends, or NULL text
-- plan: open_runs_pkey, ended_runs_pkey, worker_runs_unfinished, open_queue_runs_first
WITH gone AS (
    DELETE FROM worker_runs WHERE id = ANY(ARRAY(SELECT $1::uuid)) RETURNING *, finished_at IS NULL AS ends
)
INSERT INTO worker_runs (
    id, job_type, project_id, state, attempt, max_attempts, payload, available_at, queued_at,
    started_at, finished_at, error, summary, progress, trace_id
)
SELECT id, job_type, project_id, $2, attempt, $3, payload,
    CASE WHEN ends THEN available_at ELSE now() END, queued_at, started_at,
    CASE WHEN ends THEN date_trunc('milliseconds', now()) END, coalesce($4, error),
    CASE WHEN ends THEN summary END, CASE WHEN ends THEN progress END, trace_id
FROM gone g
WHERE ends OR NOT EXISTS (
    SELECT FROM open_runs r WHERE r.job_type = g.job_type AND r.project_id = g.project_id
) AND NOT EXISTS (
    SELECT FROM open_queue_runs q
    WHERE q.job_type = g.job_type AND q.project_id = g.project_id AND q.key = ''
      AND q.key IS NOT NULL AND NOT q.behind OFFSET 0
)
ON CONFLICT DO NOTHING
