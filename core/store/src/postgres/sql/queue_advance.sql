-- Lets the next run of each key go ahead where one of these runs, which have ended, was first: of those whose
-- time has come the one of the highest priority, or else the one whose time comes next. One of a schedule's key
-- that comes later stays behind, as it would keep the timer waiting. It is locked as it is chosen: where another
-- transaction cancels it meanwhile, the one after it is. Where several runs of a key go at a time, as many follow as
-- there are free places.
-- $1 ids uuid[]
-- plan: run_requests_pkey, open_queue_runs_first, open_queue_runs_behind, open_queue_runs_pkey
WITH keys AS MATERIALIZED (
    SELECT DISTINCT q.job_type, q.project_id, q.key,
        nullif(coalesce(v.runs_per_key, j.runs_per_key), 1) AS most
    FROM run_requests q
        LEFT JOIN keyed_jobs j ON j.job_type = q.job_type AND q.key <> ''
        LEFT JOIN key_values v ON v.job_type = j.job_type AND v.key = q.key
    WHERE q.run_id = ANY($1) AND q.key IS NOT NULL
), next AS (
    SELECT n.id FROM keys k CROSS JOIN LATERAL (
        SELECT b.id FROM open_queue_runs b
        WHERE b.job_type = k.job_type AND b.project_id = k.project_id AND b.key = k.key AND b.behind
          AND (b.key <> '' OR b.available_at <= now())
        ORDER BY b.available_at > now(), b.rank, b.available_at, b.id LIMIT 1 FOR UPDATE OF b
    ) n
    WHERE k.most IS NULL AND NOT EXISTS (
        SELECT FROM open_queue_runs f
        WHERE f.job_type = k.job_type AND f.project_id = k.project_id AND f.key = k.key
          AND f.key IS NOT NULL AND NOT f.behind OFFSET 0
    ) AND NOT (k.key = '' AND EXISTS (
        SELECT FROM open_runs r WHERE r.job_type = k.job_type AND r.project_id = k.project_id OFFSET 0
    ))
), first AS (
    UPDATE open_queue_runs r SET behind = false WHERE r.id = ANY(ARRAY(SELECT next.id FROM next))
)
SELECT fill_places(k.job_type, k.project_id, k.key, k.most)
FROM (SELECT * FROM keys WHERE most IS NOT NULL ORDER BY key_turn(job_type, project_id, key)) k
