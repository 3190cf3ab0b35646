-- Follows queue_choose.sql: leases what it has chosen, as take_runs.sql does, with what was asked for. Where a limit
-- may be near, or keys have rates, it takes nothing. The first row says where something waits, as in queue_found.sql.
-- $12 worker text, $13 seconds of the lease float8
-- plan: queue_workers_pkey, run_requests_pkey, scheduled_jobs_limited, projects_limited, keyed_jobs_rated, the ctids of open_queue_runs
, limits AS MATERIALIZED (
    SELECT CASE WHEN EXISTS (SELECT FROM scheduled_jobs WHERE concurrency IS NOT NULL)
                  OR EXISTS (SELECT FROM projects WHERE concurrency IS NOT NULL)
                  OR EXISTS (SELECT FROM shared_limit_jobs)
                THEN NOT limits_are_wide($12, $10) ELSE false END AS limited,
        EXISTS (SELECT FROM keyed_jobs WHERE rated) AS rated
), alive AS (
    INSERT INTO queue_workers (owner, lease_until)
    SELECT $12, now() + make_interval(secs => $13)
    FROM limits WHERE NOT limited AND NOT rated AND EXISTS (SELECT FROM chosen) AND NOT EXISTS (
        SELECT FROM queue_workers WHERE owner = $12 AND lease_until > now() + make_interval(secs => $13 * 5 / 6)
    )
    ON CONFLICT (owner) DO UPDATE SET lease_until = excluded.lease_until
), leased AS (
    UPDATE open_queue_runs r
    SET state = 'running', attempt = r.attempt + 1, lease_owner = $12,
        lease_until = now() + make_interval(secs => $13),
        started_at = date_trunc('milliseconds', now()), finished_at = NULL, progress = NULL
    FROM chosen, limits WHERE r.ctid = chosen.at AND NOT limits.limited AND NOT limits.rated
    RETURNING r.id, r.job_type, r.project_id, '' AS slug, '' AS name, r.attempt, r.max_attempts,
        r.payload::text AS payload, r.trace_id, r.queued_at, r.started_at, r.loss_counts IS FALSE AS alone
)
SELECT leased.*, q.run_id, q.key, q.args, q.priority::int AS priority, q.run_at, q.asked_by, limits.limited,
    limits.rated, reached.*,
    CASE WHEN row_number() OVER () = 1 THEN heads.known END AS known,
    CASE WHEN row_number() OVER () = 1 THEN heads.since END AS known_since
FROM reached CROSS JOIN heads CROSS JOIN limits LEFT JOIN leased ON true LEFT JOIN run_requests q ON q.run_id = leased.id
