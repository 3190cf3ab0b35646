-- Runs that wait for a key and have not begun. What another transaction has locked is being taken or ended. One that the
-- rate of its key holds waits for no later time than the request.
-- $1 job text, $2 project uuid, $3 key text, $4 limit bigint,
-- $5 time of the request timestamptz (NULL: now)
-- plan: open_queue_runs_first, open_queue_runs_beside, open_queue_runs_behind
SELECT id, job_type, project_id, state, attempt, max_attempts, payload::text AS payload,
    cancel_requested_at IS NOT NULL AS cancel_requested,
    (SELECT q.args FROM run_requests q WHERE q.run_id = r.id) AS args,
    r.available_at > greatest(coalesce($5, now()), now())
        AND r.held_until IS DISTINCT FROM r.available_at AS later
FROM open_queue_runs r
WHERE r.id IN (
    SELECT f.id FROM open_queue_runs f
    WHERE f.job_type = $1 AND f.project_id = $2 AND f.key = $3 AND f.key IS NOT NULL AND NOT f.behind
    UNION ALL
    SELECT b.id FROM open_queue_runs b
    WHERE b.job_type = $1 AND b.project_id = $2 AND b.beside = $3 AND b.beside IS NOT NULL
    UNION ALL
    (SELECT b.id FROM open_queue_runs b
     WHERE b.job_type = $1 AND b.project_id = $2 AND b.key = $3 AND b.behind
     ORDER BY b.rank, b.available_at, b.id LIMIT $4)
) AND state = 'available' AND attempt = 0
ORDER BY behind, rank, available_at, id LIMIT $4
FOR UPDATE SKIP LOCKED
