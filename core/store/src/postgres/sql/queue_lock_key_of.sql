-- Locks the first run of the key that a run was asked for with. `done` is false where another run has become
-- the first while this waited for the lock: it is to be asked again.
-- Where several runs of the key go at a time nothing is locked: what changes them takes the turn of the key.
-- $1 id uuid
-- plan: run_requests_pkey, open_queue_runs_first, open_queue_runs_pkey
WITH first AS MATERIALIZED (
    SELECT f.id FROM run_requests q CROSS JOIN LATERAL (
        SELECT f.id FROM open_queue_runs f
        WHERE f.job_type = q.job_type AND f.project_id = q.project_id AND f.key = q.key
          AND f.key IS NOT NULL AND NOT f.behind OFFSET 0
    ) f
    WHERE q.run_id = $1 AND NOT EXISTS (
        SELECT FROM keyed_jobs j WHERE j.job_type = q.job_type AND runs_of_key(q.job_type, q.key) > 1
    )
), locked AS MATERIALIZED (
    SELECT r.id FROM open_queue_runs r
    WHERE r.id = ANY(ARRAY(SELECT first.id FROM first)) AND NOT r.behind FOR UPDATE OF r
)
SELECT (SELECT count(*) FROM first) = (SELECT count(*) FROM locked) AS done
