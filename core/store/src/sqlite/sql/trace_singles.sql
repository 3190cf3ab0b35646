-- The first queued runs of a trace that belong to no group of many, nor were caused by a run of one.
-- $1 trace, $2 project, $3 the least runs of a group, $4 the most rows
-- plan: worker_runs_of_trace, queue_runs_of_trace
WITH r AS MATERIALIZED (
    SELECT id, job_type, queued_at, payload ->> '$.triggers[#-1].run_id' AS parent
    FROM all_runs WHERE trace_id = $1 AND project_id = $2
), many AS MATERIALIZED (
    SELECT parent, job_type FROM r WHERE parent IS NOT NULL
    GROUP BY parent, job_type HAVING count(*) >= $3
), grouped AS MATERIALIZED (
    SELECT r.id FROM r JOIN many ON many.parent = r.parent AND many.job_type = r.job_type
)
SELECT id FROM r
WHERE id NOT IN (SELECT id FROM grouped)
  AND (parent IS NULL OR parent NOT IN (SELECT id FROM grouped))
ORDER BY queued_at, id LIMIT $4
