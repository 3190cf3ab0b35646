-- Prolongs what a worker holds; its sign of life goes with it. Runs are locked in the order of their ids, as by
-- their ends: neither waits for the other in turn.
-- $1 worker text, $2 ids uuid[], $3 attempts int[], $4 seconds of the lease float8,
-- $5 whether they have begun bool[]
-- The state is an expression: of queues there is an index of leased runs, which the planner would look through for
-- each of them.
-- plan: open_runs_pkey, workers_pkey
WITH alive AS (
    INSERT INTO workers (owner, lease_until)
    VALUES ($1, now() + make_interval(secs => $4))
    ON CONFLICT (owner) DO UPDATE SET lease_until = excluded.lease_until
)
UPDATE open_runs r SET lease_until = now() + make_interval(secs => $4),
    loss_counts = CASE WHEN l.begun THEN true ELSE r.loss_counts END
FROM (SELECT * FROM unnest($2::uuid[], $3::int[], $5::bool[]) AS l (id, attempt, begun) ORDER BY id) l
WHERE r.id = l.id AND r.attempt = l.attempt AND r.lease_owner = $1 AND r.state || '' = 'running'
RETURNING r.id, r.cancel_requested_at IS NOT NULL AS cancel
