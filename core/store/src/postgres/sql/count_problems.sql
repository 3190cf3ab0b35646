-- Counts runs that have failed for good, by error and place, in one order for all transactions: two that count
-- the same do not wait for each other in turn.
-- $1 fingerprints text[], $2 jobs text[], $3 projects uuid[], $4 runs uuid[], $5 errors text[],
-- $6 times timestamptz[]
-- plan: run_problems_pkey
INSERT INTO run_problems AS p
    (fingerprint, job_type, project_id, error, run_id, runs, first_seen, last_seen)
SELECT fingerprint, job_type, project_id, (array_agg(error ORDER BY nth DESC))[1],
    (array_agg(run_id ORDER BY nth DESC))[1], count(*), min(at), max(at)
FROM unnest($1::text[], $2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[])
    WITH ORDINALITY AS f (fingerprint, job_type, project_id, run_id, error, at, nth)
GROUP BY fingerprint, job_type, project_id
ORDER BY fingerprint, job_type, project_id
ON CONFLICT (fingerprint, job_type, project_id) DO UPDATE
SET error = excluded.error, run_id = excluded.run_id, runs = p.runs + excluded.runs,
    last_seen = excluded.last_seen
