-- A run that waits behind others of its key, of up to $1 keys of which no run is first although one goes at a time.
-- Steps through the index from one key to the next: any number of runs of a key cost one step.
-- $1 keys int8
-- plan: open_queue_runs_behind, open_queue_runs_first
WITH RECURSIVE step AS (
    (SELECT job_type, project_id, key, id FROM open_queue_runs
     WHERE behind ORDER BY job_type, project_id, key LIMIT 1)
    UNION ALL
    SELECT n.* FROM step CROSS JOIN LATERAL (
        SELECT b.job_type, b.project_id, b.key, b.id FROM open_queue_runs b
        WHERE b.behind AND (b.job_type, b.project_id, b.key) > (step.job_type, step.project_id, step.key)
        ORDER BY b.job_type, b.project_id, b.key LIMIT 1
    ) n
)
SELECT s.id FROM step s
WHERE s.key <> '' AND NOT EXISTS (
    SELECT FROM open_queue_runs f
    WHERE f.job_type = s.job_type AND f.project_id = s.project_id AND f.key = s.key
      AND f.key IS NOT NULL AND NOT f.behind OFFSET 0
) AND runs_of_key(s.job_type, s.key) = 1
LIMIT $1
