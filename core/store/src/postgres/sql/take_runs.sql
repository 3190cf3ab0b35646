-- Leases what was chosen (choose_runs.sql), by where it lies: it is locked and does not move. A run that has
-- changed since the statement began is not there for it, and waits for the next claim. The row of the
-- worker goes with it: whoever holds a run can become unresponsive. A row that has five sixths of a lease left stays
-- as it is: while some transaction is open for long each version of it is kept, and every claim would walk over them.
-- Names of projects are known to the process.
-- $7 worker text, $9 seconds of the lease float8
-- plan: workers_pkey, the ctids of open_runs
, alive AS (
    INSERT INTO workers (owner, lease_until)
    SELECT $7, now() + make_interval(secs => $9) WHERE EXISTS (SELECT FROM chosen) AND NOT EXISTS (
        SELECT FROM workers WHERE owner = $7 AND lease_until > now() + make_interval(secs => $9 * 5 / 6)
    )
    ON CONFLICT (owner) DO UPDATE SET lease_until = excluded.lease_until
), leased AS (
    UPDATE open_runs r
    SET state = 'running', attempt = r.attempt + 1, lease_owner = $7,
        lease_until = now() + make_interval(secs => $9),
        started_at = date_trunc('milliseconds', now()), finished_at = NULL, progress = NULL
    FROM chosen WHERE r.ctid = chosen.at
    RETURNING r.id, r.job_type, r.project_id, '' AS slug, '' AS name, r.attempt, r.max_attempts,
        r.payload::text AS payload, r.trace_id, r.queued_at, r.started_at, r.loss_counts IS FALSE AS alone
)
SELECT leased.*, NOT EXISTS (SELECT FROM step) AS limited,
    (SELECT count(*) FROM step WHERE nth > 0) AS visited,
    (SELECT project_id FROM step WHERE nth > 0 ORDER BY nth DESC LIMIT 1) AS reached
FROM (VALUES (1)) one LEFT JOIN leased ON true
