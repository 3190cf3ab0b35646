-- Runs of a worker that it does not list.
-- ?1 worker, ?2 [[id, attempt], ...]
-- plan: worker_runs_leased
SELECT id, lease_owner, attempt, max_attempts, cancel_requested_at IS NOT NULL AS cancel,
    loss_counts IS 1 AS counts
FROM worker_runs
WHERE state = 'running' AND lease_owner = ?1 AND (id, attempt) NOT IN (
    SELECT value ->> 0, value ->> 1 FROM json_each(?2)
)
