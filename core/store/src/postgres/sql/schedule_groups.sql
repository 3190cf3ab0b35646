-- $1 projects uuid[]
-- plan: every row of scheduled_jobs once, at a start
-- A few counts a job in place of a row a schedule: a start compares jobs, however many projects there are.
SELECT s.job_type, s.schedule, s.enabled, s.max_attempts, s.concurrency,
       count(p.id) AS of_projects, count(*) - count(p.id) AS of_others
FROM scheduled_jobs s LEFT JOIN unnest($1::uuid[]) AS p (id) ON p.id = s.project_id
GROUP BY s.job_type, s.schedule, s.enabled, s.max_attempts, s.concurrency
