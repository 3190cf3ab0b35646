-- The limits that jobs share, with each job and how many of its runs are under way.
-- plan: as many rows as runs are under way, of those that have a limit
SELECT l.name, l.concurrency, l.rate, l.period_ms, j.job_type, (
    SELECT count(*) FROM worker_runs r WHERE r.state = 'running' AND r.job_type = j.job_type
) + (
    SELECT count(*) FROM queue_runs r WHERE r.state = 'running' AND r.job_type = j.job_type
) AS running
FROM shared_limits l JOIN shared_limit_jobs j ON j.name = l.name
ORDER BY l.name, j.job_type
