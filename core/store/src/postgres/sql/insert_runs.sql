-- Makes runs that wait, each unless its job has an unfinished run in its project; that one is locked if it
-- waits. Waits for no transaction that ends or takes a run: its run is still there as before, and is
-- stepped over. Whether there is one is asked as a range: see due.sql.
-- $1 ids uuid[], $2 jobs text[], $3 projects uuid[], $4 max_attempts int[], $5 payloads text[],
-- $6 traces uuid[], $7 channel on which workers are told, or NULL text
-- plan: worker_runs_unfinished, open_runs_pkey
WITH new AS MATERIALIZED (
    SELECT n.*, r.id AS unfinished
    FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::int[], $5::text[], $6::uuid[])
            AS n (id, job_type, project_id, max_attempts, payload, trace_id)
        LEFT JOIN LATERAL (
            SELECT r.id, r.project_id FROM open_runs r
            WHERE r.job_type = n.job_type AND r.project_id >= n.project_id
            ORDER BY r.project_id LIMIT 1
        ) r ON r.project_id = n.project_id
), made AS (
    INSERT INTO open_runs (id, job_type, project_id, state, max_attempts, payload, trace_id)
    SELECT id, job_type, project_id, 'available', max_attempts, payload::json, trace_id
    FROM new s WHERE unfinished IS NULL AND NOT EXISTS (
        SELECT FROM open_queue_runs q
        WHERE q.job_type = s.job_type AND q.project_id = s.project_id AND q.key = ''
          AND q.key IS NOT NULL AND NOT q.behind OFFSET 0
    )
    ON CONFLICT (job_type, project_id) DO NOTHING
    RETURNING id, CASE WHEN $7::text IS NOT NULL THEN pg_notify($7, 'look')::text END
), waiting AS (
    SELECT r.* FROM open_runs r
    WHERE r.id = ANY(ARRAY(SELECT unfinished FROM new)) AND r.state = 'available' FOR UPDATE SKIP LOCKED
)
SELECT id AS new, NULL AS id, NULL AS job_type, NULL::uuid AS project_id, NULL AS state,
    NULL::int AS attempt, NULL::int AS max_attempts, NULL AS payload, NULL::bool AS cancel_requested
FROM made
UNION ALL
SELECT new.id, w.id, w.job_type, w.project_id, w.state, w.attempt, w.max_attempts, w.payload::text,
    w.cancel_requested_at IS NOT NULL
FROM waiting w JOIN new ON new.unfinished = w.id
