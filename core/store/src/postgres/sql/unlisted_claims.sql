-- Runs of a worker that it does not list.
-- The list is hashed, whatever the session says of joins: for each run it would be read from its beginning.
-- $1 worker text, $2 ids uuid[], $3 attempts int[]
-- plan: none (as many runs as workers hold)
SELECT id, lease_owner, attempt, max_attempts, cancel_requested_at IS NOT NULL AS cancel,
    loss_counts IS TRUE AS counts
FROM open_runs r
WHERE state = 'running' AND lease_owner = $1 AND (r.id, r.attempt) NOT IN (
    SELECT l.id, l.attempt FROM unnest($2::uuid[], $3::int[]) AS l (id, attempt)
)
FOR UPDATE SKIP LOCKED
