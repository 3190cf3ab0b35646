-- What has a limit, and how many more runs may start of it. A row `shared` says that some are shared by jobs:
-- shared_limits.sql.
-- plan: as many rows as runs are under way, of those that have a limit
SELECT 'job' AS kind, l.job_type AS name, l.most - (
    SELECT count(*) FROM worker_runs r WHERE r.state = 'running' AND r.job_type = l.job_type
) - (
    SELECT count(*) FROM queue_runs r WHERE r.state = 'running' AND r.job_type = l.job_type
) AS free
FROM (
    SELECT job_type, min(concurrency) AS most FROM scheduled_jobs
    WHERE concurrency IS NOT NULL GROUP BY job_type
) l
UNION ALL
SELECT 'project', CAST(p.id AS text), p.concurrency - (
    SELECT count(*) FROM worker_runs r WHERE r.state = 'running' AND r.project_id = p.id
) - (
    SELECT count(*) FROM queue_runs r WHERE r.state = 'running' AND r.project_id = p.id
)
FROM projects p WHERE p.concurrency IS NOT NULL
UNION ALL
SELECT 'shared', '', 0 WHERE EXISTS (SELECT 1 FROM shared_limit_jobs)
