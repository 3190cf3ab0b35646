-- Takes the turn of the key that a run was asked for with, where several runs of it go at a time.
-- $1 id uuid
-- plan: run_requests_pkey
SELECT t.nth
FROM run_requests q
    JOIN keyed_jobs j ON j.job_type = q.job_type AND runs_of_key(q.job_type, q.key) > 1
    JOIN key_turns t ON t.nth = key_turn(q.job_type, q.project_id, q.key)
WHERE q.run_id = $1 AND q.key <> ''
FOR UPDATE OF t
