-- The first queued runs of a trace that belong to no group of many, nor were caused by a run of one.
-- $1 trace uuid, $2 project uuid, $3 the least runs of a group int, $4 the most rows int
-- plan: worker_runs_of_trace, ended_queue_runs_of_trace, open_queue_runs_of_trace
WITH r AS MATERIALIZED (
    SELECT id, job_type, queued_at, (payload -> 'triggers' -> -1 ->> 'run_id')::uuid AS parent
    FROM all_runs WHERE trace_id = $1 AND (trace_id <> id OR id = $1) AND project_id = $2
), many AS MATERIALIZED (
    SELECT parent, job_type FROM r WHERE parent IS NOT NULL
    GROUP BY parent, job_type HAVING count(*) >= $3
), grouped AS MATERIALIZED (
    SELECT r.id FROM r JOIN many ON many.parent = r.parent AND many.job_type = r.job_type
)
SELECT r.id FROM r
LEFT JOIN grouped own ON own.id = r.id
LEFT JOIN grouped cause ON cause.id = r.parent
WHERE own.id IS NULL AND cause.id IS NULL
ORDER BY r.queued_at, r.id LIMIT $4
