-- In place of lease_runs.sql of the store: removes runs that this transaction has locked and keeps them in one
-- row. None of them has a key.
-- $1 ids uuid[], $2 worker text, $3 seconds of the lease float8, $4 claim uuid
WITH alive AS (
    INSERT INTO queue_workers (owner, lease_until) VALUES ($2, now() + make_interval(secs => $3))
    ON CONFLICT (owner) DO UPDATE SET lease_until = excluded.lease_until
), gone AS (
    DELETE FROM open_queue_runs r WHERE r.id = ANY($1) RETURNING r AS whole
), placed AS MATERIALIZED (
    SELECT whole, row_number() OVER () AS place FROM gone
), claimed AS (
    INSERT INTO claims (id, owner, started_at, runs)
    SELECT $4, $2, date_trunc('milliseconds', now()), array_agg(whole ORDER BY place)
    FROM placed HAVING count(*) > 0
    RETURNING started_at
)
SELECT (whole).id, (whole).job_type, (whole).project_id, p.slug, p.name,
    (whole).attempt + 1 AS attempt, (whole).max_attempts, (whole).payload::text AS payload,
    (whole).trace_id, (whole).queued_at, claimed.started_at
FROM placed JOIN projects p ON p.id = (whole).project_id, claimed ORDER BY place
