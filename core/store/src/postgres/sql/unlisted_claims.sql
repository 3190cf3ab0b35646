-- Runs of a worker that it does not list.
-- $1 worker text, $2 ids uuid[], $3 attempts int[]
-- plan: none (as many runs as workers hold)
SELECT id, lease_owner, attempt, max_attempts, cancel_requested_at IS NOT NULL AS cancel
FROM open_runs r
WHERE state = 'running' AND lease_owner = $1 AND NOT EXISTS (
    SELECT FROM unnest($2::uuid[], $3::int[]) AS l (id, attempt)
    WHERE l.id = r.id AND l.attempt = r.attempt
)
FOR UPDATE SKIP LOCKED
