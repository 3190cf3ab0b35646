-- Counts runs that have failed for good, by error and hour, in one order for all transactions.
-- $1 fingerprints text[], $2 projects uuid[], $3 hours timestamptz[]
-- plan: run_problem_hours_pkey
INSERT INTO run_problem_hours AS p (fingerprint, project_id, hour, runs)
SELECT fingerprint, project_id, hour, count(*)
FROM unnest($1::text[], $2::uuid[], $3::timestamptz[]) AS f (fingerprint, project_id, hour)
GROUP BY fingerprint, project_id, hour ORDER BY fingerprint, project_id, hour
ON CONFLICT (fingerprint, project_id, hour) DO UPDATE SET runs = p.runs + excluded.runs
