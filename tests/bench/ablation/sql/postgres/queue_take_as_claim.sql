-- Follows queue_choose.sql of the store: removes what was chosen and keeps it in one row. None of them has a key.
-- $12 worker text, $13 seconds of the lease float8, $14 claim uuid
, alive AS (
    INSERT INTO queue_workers (owner, lease_until)
    SELECT $12, now() + make_interval(secs => $13) WHERE EXISTS (SELECT FROM chosen)
    ON CONFLICT (owner) DO UPDATE SET lease_until = excluded.lease_until
), gone AS (
    DELETE FROM open_queue_runs r USING chosen WHERE r.ctid = chosen.at RETURNING r AS whole
), placed AS MATERIALIZED (
    SELECT whole, row_number() OVER () AS place FROM gone
), claimed AS (
    INSERT INTO claims (id, owner, started_at, runs)
    SELECT $14, $12, date_trunc('milliseconds', now()), array_agg(whole ORDER BY place)
    FROM placed HAVING count(*) > 0
    RETURNING started_at
), leased AS (
    SELECT (whole).id, (whole).job_type, (whole).project_id, '' AS slug, '' AS name,
        (whole).attempt + 1 AS attempt, (whole).max_attempts, (whole).payload::text AS payload,
        (whole).trace_id, (whole).queued_at, claimed.started_at, q.args
    FROM placed JOIN run_requests q ON q.run_id = (whole).id, claimed ORDER BY place
)
SELECT leased.*,
    CASE WHEN (SELECT count(*) FROM step) >= 2000 THEN $11
         ELSE (SELECT count(DISTINCT project_id) FROM visited) END AS visited,
    CASE WHEN (SELECT count(DISTINCT project_id) FROM visited) >= $11
         THEN (SELECT project_id FROM visited ORDER BY visit DESC LIMIT 1)
         ELSE (SELECT project_id FROM step ORDER BY project_id DESC LIMIT 1) END AS reached
FROM (VALUES (1)) one LEFT JOIN leased ON true
