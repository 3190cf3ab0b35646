-- Counts runs that have failed for good, by error and place.
-- ?1 [[fingerprint, job, project, run, error, time], ...]
-- plan: none
INSERT INTO run_problems
    (fingerprint, job_type, project_id, error, run_id, runs, first_seen, last_seen)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 4, value ->> 3, 1, value ->> 5, value ->> 5
FROM json_each(?1) WHERE true ORDER BY key
ON CONFLICT (fingerprint, job_type, project_id) DO UPDATE
SET error = excluded.error, run_id = excluded.run_id, runs = run_problems.runs + 1,
    last_seen = excluded.last_seen
