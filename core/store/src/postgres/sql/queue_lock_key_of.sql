-- Locks the first runs of the key that a run was asked for with. `done` is false where another run has become
-- a first while this waited for the lock: it is to be asked again.
-- $1 id uuid
-- plan: run_requests_pkey, open_queue_runs_first, open_queue_runs_beside, open_queue_runs_pkey
WITH first AS MATERIALIZED (
    SELECT f.id FROM run_requests q CROSS JOIN LATERAL (
        SELECT r.id FROM open_queue_runs r
        WHERE r.job_type = q.job_type AND r.project_id = q.project_id AND r.key = q.key
          AND r.key IS NOT NULL AND NOT r.behind
        UNION ALL
        SELECT r.id FROM open_queue_runs r
        WHERE r.job_type = q.job_type AND r.project_id = q.project_id AND r.beside = q.key
          AND r.beside IS NOT NULL
    ) f
    WHERE q.run_id = $1
), locked AS MATERIALIZED (
    SELECT r.id FROM first JOIN open_queue_runs r ON r.id = first.id
    WHERE NOT r.behind ORDER BY r.id FOR UPDATE OF r
)
SELECT (SELECT count(*) FROM first) = (SELECT count(*) FROM locked) AS done
