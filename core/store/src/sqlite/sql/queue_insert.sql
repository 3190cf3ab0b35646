-- Makes runs that wait. Of each key the run that may begin first is first, if none is; the others are behind. A run
-- of the schedule's key is behind the schedule's own, and until its time comes.
-- ?1 [[id, job, project, max_attempts, payload, trace, key, priority, time or NULL for now,
--      modifier of the date functions or NULL], ...]
-- plan: queue_runs_first, worker_runs_unfinished
INSERT INTO queue_runs (
    id, job_type, project_id, state, max_attempts, payload, trace_id, key, rank, available_at, queued_at, behind
)
SELECT n.id, n.job_type, n.project_id, 'available', n.max_attempts, n.payload, n.trace_id, n.key,
    9 - n.priority,
    n.at,
    n.now,
    n.key IS NOT NULL AND (
        n.turn > 1
        OR n.key = '' AND (n.pause IS NOT NULL OR coalesce(n.run_at, '') > n.now)
        OR EXISTS (
            SELECT 1 FROM queue_runs f
            WHERE f.job_type = n.job_type AND f.project_id = n.project_id AND f.key = n.key
              AND f.key IS NOT NULL AND f.behind = 0
              AND f.state IN ('available', 'running', 'retryable')
        )
        OR n.key = '' AND EXISTS (
            SELECT 1 FROM worker_runs r
            WHERE r.job_type = n.job_type AND r.project_id = n.project_id
              AND r.state IN ('available', 'running', 'retryable')
        )
    )
FROM (
    -- Those that may begin now have one time, and keep their order.
    SELECT w.*, row_number() OVER (PARTITION BY w.job_type, w.project_id, w.key ORDER BY w.at, w.nth) AS turn
    FROM (
        SELECT v.*, CASE WHEN v.pause IS NULL THEN max(coalesce(v.run_at, ''), v.now)
            ELSE strftime('%Y-%m-%dT%H:%M:%fZ', max(coalesce(v.run_at, ''), v.now), v.pause) END AS at
        FROM (
            SELECT value ->> 0 AS id, value ->> 1 AS job_type, value ->> 2 AS project_id,
                value ->> 3 AS max_attempts, value ->> 4 AS payload, value ->> 5 AS trace_id,
                value ->> 6 AS key, value ->> 7 AS priority, value ->> 8 AS run_at, value ->> 9 AS pause,
                strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS now, CAST(json_each.key AS INTEGER) AS nth
            FROM json_each(?1)
        ) v
    ) w
) n
