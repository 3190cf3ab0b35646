-- Leases runs that this transaction has locked. The row of the worker goes with it, as in take_runs.sql.
-- $1 ids uuid[], $2 worker text, $3 seconds of the lease float8
-- plan: open_runs_pkey, projects_pkey, workers_pkey
WITH alive AS (
    INSERT INTO workers (owner, lease_until) SELECT $2, now() + make_interval(secs => $3)
    WHERE NOT EXISTS (
        SELECT FROM workers WHERE owner = $2 AND lease_until > now() + make_interval(secs => $3 * 5 / 6)
    )
    ON CONFLICT (owner) DO UPDATE SET lease_until = excluded.lease_until
)
UPDATE open_runs r
SET state = 'running', attempt = r.attempt + 1, lease_owner = $2,
    lease_until = now() + make_interval(secs => $3),
    started_at = date_trunc('milliseconds', now()), finished_at = NULL, progress = NULL
FROM projects p WHERE r.id = ANY($1) AND p.id = r.project_id
RETURNING r.id, r.job_type, r.project_id, p.slug, p.name, r.attempt, r.max_attempts,
    r.payload::text AS payload, r.trace_id, r.queued_at, r.started_at, r.loss_counts IS FALSE AS alone
