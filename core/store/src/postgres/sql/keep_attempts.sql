-- Keeps attempts that have failed; when they began is in the rows of their runs.
-- $1 runs uuid[], $2 attempts int[], $3 ends timestamptz[], $4 errors text[], $5 workers text[]
-- plan: open_runs_pkey, ended_runs_pkey
WITH r AS MATERIALIZED (SELECT id, started_at FROM worker_runs WHERE id = ANY($1))
INSERT INTO run_attempts (run_id, attempt, started_at, ended_at, error, worker)
SELECT r.id, a.attempt, r.started_at, a.at, a.error, a.worker
FROM unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::text[], $5::text[])
    AS a (id, attempt, at, error, worker)
JOIN r ON r.id = a.id
ON CONFLICT DO NOTHING
