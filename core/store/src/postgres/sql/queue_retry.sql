-- A locked run that has ended and waits again, in its place by key and priority. It goes behind the first run of its
-- key with the lock of that, as in queue_insert.sql. `locked` is false where another transaction has that lock: nothing
-- is done, and it is to be taken. `made` is false where the job has another unfinished run.
-- $1 id uuid, $2 max_attempts int
-- plan: ended_queue_runs_pkey, run_requests_pkey, open_queue_runs_first, open_queue_runs_pkey
WITH first AS MATERIALIZED (
    SELECT f.id, q.key <> '' AND EXISTS (
        SELECT FROM keyed_jobs j WHERE j.job_type = q.job_type AND runs_of_key(q.job_type, q.key) > 1
    ) AS shared
    FROM run_requests q CROSS JOIN LATERAL (
        SELECT f.id FROM open_queue_runs f
        WHERE f.job_type = q.job_type AND f.project_id = q.project_id AND f.key = q.key
          AND f.key IS NOT NULL AND NOT f.behind OFFSET 0
    ) f
    WHERE q.run_id = $1
), locked AS MATERIALIZED (
    SELECT r.id FROM open_queue_runs r
    WHERE r.id = ANY(ARRAY(SELECT first.id FROM first WHERE NOT first.shared)) AND NOT r.behind
    FOR UPDATE OF r SKIP LOCKED
), able AS MATERIALIZED (
    SELECT NOT EXISTS (
        SELECT FROM first WHERE NOT first.shared AND first.id NOT IN (SELECT locked.id FROM locked)
    ) AS locked
), gone AS (
    DELETE FROM ended_queue_runs WHERE id = $1 AND (SELECT able.locked FROM able) RETURNING *
), made AS (
    INSERT INTO open_queue_runs (
        id, job_type, project_id, state, attempt, max_attempts, payload, available_at, queued_at, started_at,
        error, trace_id, key, rank, behind
    )
    SELECT g.id, g.job_type, g.project_id, 'available', g.attempt, $2, g.payload, now(), g.queued_at,
        g.started_at, g.error, g.trace_id, q.key, 9 - q.priority, q.key IS NOT NULL AND (
            EXISTS (SELECT FROM first)
            OR q.key = '' AND EXISTS (
                SELECT FROM open_runs r WHERE r.job_type = q.job_type AND r.project_id = q.project_id OFFSET 0
            )
        )
    FROM gone g JOIN run_requests q ON q.run_id = g.id
    ON CONFLICT DO NOTHING
    RETURNING id
)
SELECT able.locked, EXISTS (SELECT FROM made) AS made FROM able
