-- What has a limit, and how many more runs may start of it. A row `shared` says that some are shared by jobs:
-- shared_limits.sql. A row `rated` says that keys have rates. Jobs are found from one to the next in the index of those that have a limit: a job has a schedule
-- in each project. Runs of queues that are under way are read once for all jobs.
-- plan: as many rows as runs are under way, of those that have a limit
WITH RECURSIVE job (name) AS (
    SELECT min(job_type) FROM scheduled_jobs WHERE concurrency IS NOT NULL
    UNION ALL
    SELECT (
        SELECT min(s.job_type) FROM scheduled_jobs s WHERE s.concurrency IS NOT NULL AND s.job_type > job.name
    ) FROM job WHERE job.name IS NOT NULL
), queued AS MATERIALIZED (
    SELECT job_type, project_id, count(*) AS running FROM queue_runs
    WHERE state = 'running' GROUP BY job_type, project_id
)
SELECT 'job' AS kind, job.name, (
    SELECT min(s.concurrency) FROM scheduled_jobs s WHERE s.job_type = job.name AND s.concurrency IS NOT NULL
) - (
    SELECT count(*) FROM worker_runs r WHERE r.state = 'running' AND r.job_type = job.name
) - (
    SELECT CAST(coalesce(sum(q.running), 0) AS bigint) FROM queued q WHERE q.job_type = job.name
) AS free
FROM job WHERE job.name IS NOT NULL
UNION ALL
SELECT 'project', CAST(p.id AS text), p.concurrency - (
    SELECT count(*) FROM worker_runs r WHERE r.state = 'running' AND r.project_id = p.id
) - (
    SELECT CAST(coalesce(sum(q.running), 0) AS bigint) FROM queued q WHERE q.project_id = p.id
)
FROM projects p WHERE p.concurrency IS NOT NULL
UNION ALL
SELECT 'shared', '', 0 WHERE EXISTS (SELECT 1 FROM shared_limit_jobs)
UNION ALL
SELECT 'rated', '', 0 WHERE EXISTS (SELECT 1 FROM keyed_jobs WHERE rated)
