-- Keeps attempts that have failed; when they began is in the rows of their runs.
-- ?1 [[run, attempt, end, error, worker], ...]
-- plan: sqlite_autoindex_worker_runs_1
INSERT INTO run_attempts (run_id, attempt, started_at, ended_at, error, worker)
SELECT r.id, a.value ->> 1, r.started_at, a.value ->> 2, a.value ->> 3, a.value ->> 4
FROM json_each(?1) a CROSS JOIN worker_runs r WHERE r.id = a.value ->> 0
ON CONFLICT DO NOTHING
