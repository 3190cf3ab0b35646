-- Prolongs what a worker holds; its sign of life goes with it. Runs are found and locked as by end_runs.sql, and for
-- the same reasons: neither waits for the other in turn.
-- $1 worker text, $2 ids uuid[] in order, $3 attempts int[], $4 seconds of the lease float8,
-- $5 whether they have begun bool[]
-- plan: open_runs_pkey, workers_pkey
WITH alive AS (
    INSERT INTO workers (owner, lease_until)
    VALUES ($1, now() + make_interval(secs => $4))
    ON CONFLICT (owner) DO UPDATE SET lease_until = excluded.lease_until
)
UPDATE open_runs r SET lease_until = now() + make_interval(secs => $4),
    loss_counts = CASE WHEN ($5::bool[])[width_bucket(r.id, $2)] THEN true ELSE r.loss_counts END
WHERE r.id = ANY($2::uuid[]) AND r.lease_owner = $1 AND r.state || '' = 'running'
  AND r.attempt = ($3::int[])[width_bucket(r.id, $2)]
RETURNING r.id, r.cancel_requested_at IS NOT NULL AS cancel
