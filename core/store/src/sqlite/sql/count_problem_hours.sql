-- Counts runs that have failed for good, by error and hour.
-- ?1 [[fingerprint, project, hour], ...]
-- plan: none
INSERT INTO run_problem_hours (fingerprint, project_id, hour, runs)
SELECT value ->> 0, value ->> 1, value ->> 2, 1 FROM json_each(?1) WHERE true
ON CONFLICT (fingerprint, project_id, hour) DO UPDATE SET runs = run_problem_hours.runs + 1
