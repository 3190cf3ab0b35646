-- Runs that wait for a key and have not begun. One that the rate of its key holds waits for no later time than the
-- request.
-- ?1 job, ?2 project, ?3 key, ?4 limit, ?5 time of the request or NULL for now
-- plan: queue_runs_first, queue_runs_beside, queue_runs_behind
SELECT id, job_type, project_id, state, attempt, max_attempts, payload,
    cancel_requested_at IS NOT NULL AS cancel_requested,
    (SELECT q.args FROM run_requests q WHERE q.run_id = queue_runs.id) AS args,
    available_at > max(coalesce(?5, ''), strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        AND held_until IS NOT available_at AS later
FROM queue_runs
WHERE id IN (
    SELECT id FROM queue_runs
    WHERE job_type = ?1 AND project_id = ?2 AND key = ?3 AND key IS NOT NULL AND behind = 0
      AND state IN ('available', 'running', 'retryable')
    UNION ALL
    SELECT id FROM queue_runs
    WHERE job_type = ?1 AND project_id = ?2 AND beside = ?3 AND beside IS NOT NULL
    UNION ALL
    SELECT id FROM (
        SELECT id FROM queue_runs
        WHERE job_type = ?1 AND project_id = ?2 AND key = ?3 AND behind = 1
          AND state = 'available'
        ORDER BY rank, available_at, id LIMIT ?4
    )
) AND state = 'available' AND attempt = 0
ORDER BY behind, rank, available_at, id LIMIT ?4
