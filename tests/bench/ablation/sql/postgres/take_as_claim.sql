-- Follows choose_runs.sql of the store: removes what was chosen and keeps it in one row.
-- $7 worker text, $9 seconds of the lease float8, $10 claim uuid
, alive AS (
    INSERT INTO workers (owner, lease_until)
    SELECT $7, now() + make_interval(secs => $9) WHERE EXISTS (SELECT FROM chosen)
    ON CONFLICT (owner) DO UPDATE SET lease_until = excluded.lease_until
), gone AS (
    DELETE FROM open_runs r USING chosen
    WHERE r.ctid = chosen.at AND NOT EXISTS (
        SELECT FROM running_keys k
        WHERE k.job_type = r.job_type AND k.project_id = r.project_id AND k.key = ''
    )
    RETURNING r AS whole
), placed AS MATERIALIZED (
    SELECT whole, row_number() OVER () AS place FROM gone
), keys AS (
    INSERT INTO running_keys (job_type, project_id, key)
    SELECT (whole).job_type, (whole).project_id, '' FROM placed
), claimed AS (
    INSERT INTO claims (id, owner, started_at, runs)
    SELECT $10, $7, date_trunc('milliseconds', now()), array_agg(whole ORDER BY place)
    FROM placed HAVING count(*) > 0
    RETURNING started_at
), leased AS (
    SELECT (whole).id, (whole).job_type, (whole).project_id, '' AS slug, '' AS name,
        (whole).attempt + 1 AS attempt, (whole).max_attempts, (whole).payload::text AS payload,
        (whole).trace_id, (whole).queued_at, claimed.started_at
    FROM placed, claimed ORDER BY place
)
SELECT leased.*,
    (SELECT count(*) FROM step WHERE nth > 0) AS visited,
    (SELECT project_id FROM step WHERE nth > 0 ORDER BY nth DESC LIMIT 1) AS reached
FROM (VALUES (1)) one LEFT JOIN leased ON true
