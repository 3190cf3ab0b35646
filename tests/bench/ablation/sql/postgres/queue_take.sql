-- Follows queue_choose.sql of the store: leases what was chosen, with its args, in the same statement.
-- $12 worker text, $13 seconds of the lease float8
, alive AS (
    INSERT INTO queue_workers (owner, lease_until)
    SELECT $12, now() + make_interval(secs => $13) WHERE EXISTS (SELECT FROM chosen)
    ON CONFLICT (owner) DO UPDATE SET lease_until = excluded.lease_until
), leased AS (
    UPDATE open_queue_runs r
    SET state = 'running', attempt = r.attempt + 1, lease_owner = $12,
        lease_until = now() + make_interval(secs => $13),
        started_at = date_trunc('milliseconds', now()), finished_at = NULL, progress = NULL
    FROM chosen WHERE r.ctid = chosen.at
    RETURNING r.id, r.job_type, r.project_id, '' AS slug, '' AS name, r.attempt, r.max_attempts,
        r.payload::text AS payload, r.trace_id, r.queued_at, r.started_at
)
SELECT leased.*, q.args,
    CASE WHEN (SELECT count(*) FROM step) >= 2000 THEN $11
         ELSE (SELECT count(DISTINCT project_id) FROM visited) END AS visited,
    CASE WHEN (SELECT count(DISTINCT project_id) FROM visited) >= $11
         THEN (SELECT project_id FROM visited ORDER BY visit DESC LIMIT 1)
         ELSE (SELECT project_id FROM step ORDER BY project_id DESC LIMIT 1) END AS reached
FROM (VALUES (1)) one LEFT JOIN (leased JOIN run_requests q ON q.run_id = leased.id) ON true
