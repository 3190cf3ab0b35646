-- How many runs of a trace stand how: all of them in the first row, then those of each parent and job of which
-- there are many.
-- $1 trace, $2 project, $3 the least runs of a group, $4 the most groups
-- plan: worker_runs_of_trace, queue_runs_of_trace
WITH r AS MATERIALIZED (
    SELECT job_type, state, queued_at, started_at, finished_at,
        payload ->> '$.triggers[#-1].run_id' AS parent
    FROM all_runs WHERE trace_id = $1 AND project_id = $2
)
SELECT NULL AS parent, NULL AS job_type,
    count(*) FILTER (WHERE state = 'scheduled') AS scheduled,
    count(*) FILTER (WHERE state = 'available') AS available,
    count(*) FILTER (WHERE state = 'running') AS running,
    count(*) FILTER (WHERE state = 'retryable') AS retryable,
    count(*) FILTER (WHERE state = 'completed') AS completed,
    count(*) FILTER (WHERE state = 'failed') AS failed,
    count(*) FILTER (WHERE state = 'cancelled') AS cancelled,
    NULL AS queued_at, NULL AS started_at, NULL AS finished_at
FROM r
UNION ALL
SELECT * FROM (
    SELECT parent, job_type,
        count(*) FILTER (WHERE state = 'scheduled'), count(*) FILTER (WHERE state = 'available'),
        count(*) FILTER (WHERE state = 'running'), count(*) FILTER (WHERE state = 'retryable'),
        count(*) FILTER (WHERE state = 'completed'), count(*) FILTER (WHERE state = 'failed'),
        count(*) FILTER (WHERE state = 'cancelled'),
        min(queued_at) AS queued_at, min(started_at), max(finished_at)
    FROM r WHERE parent IS NOT NULL
    GROUP BY parent, job_type HAVING count(*) >= $3
    ORDER BY queued_at, parent, job_type LIMIT $4
)
