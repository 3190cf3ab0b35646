-- Gives free places to the next runs of the keys of these runs, which were added in this transaction, where several runs
-- of a key go at a time.
-- $1 ids uuid[]
-- plan: run_requests_pkey
SELECT fill_places(k.job_type, k.project_id, k.key, k.most)
FROM (
    SELECT DISTINCT q.job_type, q.project_id, q.key, runs_of_key(q.job_type, q.key) AS most,
        key_turn(q.job_type, q.project_id, q.key) AS turn
    FROM run_requests q JOIN keyed_jobs j ON j.job_type = q.job_type
    WHERE q.run_id = ANY($1) AND q.key <> '' AND runs_of_key(q.job_type, q.key) > 1
    ORDER BY turn
) k
