-- Runs of workers that have not renewed their leases in time; those that another transaction has locked
-- are left to it.
-- $1 a worker that is at work text, $2 limit bigint
-- plan: none (as many runs as workers hold)
SELECT id, lease_owner, attempt, max_attempts, cancel_requested_at IS NOT NULL AS cancel,
    loss_counts IS TRUE AS counts
FROM open_runs
WHERE state = 'running' AND lease_owner IN (
    SELECT owner FROM workers WHERE lease_until < now() AND owner <> $1
)
LIMIT $2 FOR UPDATE SKIP LOCKED
