-- Lets the next run of a schedule's key go ahead where its time has come and nothing of that job is unfinished in
-- its project.
-- plan: queue_runs_of_schedule_due, queue_runs_first, worker_runs_unfinished
UPDATE queue_runs SET behind = 0
WHERE id IN (
    SELECT (
        SELECT b.id FROM queue_runs b
        WHERE b.job_type = k.job_type AND b.project_id = k.project_id AND b.key = '' AND b.behind = 1
          AND b.state = 'available'
          AND b.available_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
        ORDER BY b.rank, b.available_at, b.id
        LIMIT 1
    )
    FROM (SELECT DISTINCT job_type, project_id FROM queue_runs INDEXED BY queue_runs_of_schedule_due
          WHERE behind = 1 AND key = '' AND state = 'available'
            AND available_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) k
    WHERE NOT EXISTS (
        SELECT 1 FROM queue_runs f
        WHERE f.job_type = k.job_type AND f.project_id = k.project_id AND f.key = ''
          AND f.key IS NOT NULL AND f.behind = 0 AND f.state IN ('available', 'running', 'retryable')
    ) AND NOT EXISTS (
        SELECT 1 FROM worker_runs r
        WHERE r.job_type = k.job_type AND r.project_id = k.project_id
          AND r.state IN ('available', 'running', 'retryable')
    )
)
