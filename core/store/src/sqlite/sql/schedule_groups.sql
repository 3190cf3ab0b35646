-- ?1 projects json: [id]
-- plan: every row of scheduled_jobs once, at a start, by a reader
-- A few counts a job in place of a row a schedule: a start compares jobs, however many projects there are.
SELECT job_type, schedule, enabled, max_attempts, concurrency, sum(named) AS of_projects,
       count(*) - sum(named) AS of_others
FROM (
    SELECT job_type, schedule, enabled, max_attempts, concurrency,
           project_id IN (SELECT value FROM json_each(?1)) AS named
    FROM scheduled_jobs
)
GROUP BY job_type, schedule, enabled, max_attempts, concurrency
