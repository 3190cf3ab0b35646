-- ?1 jobs json: [{"job_type", "schedule", "enabled", "max_attempts", "concurrency", "first_due",
--    "rows": {PROJECT: ID}}], ?2 now text
-- plan: none (the constraint is sqlite_autoindex_scheduled_jobs_2)
-- Each job in each project, but for those that are there. The rows of a job are an object of ids by
-- project, of which neither key nor value has to be looked up. Ids grow with the rows, so that both
-- unique indexes are written at their end.
WITH jobs AS MATERIALIZED (
    SELECT value ->> '$.job_type' AS job_type, value ->> '$.schedule' AS schedule,
           value ->> '$.enabled' AS enabled, value ->> '$.max_attempts' AS max_attempts,
           value ->> '$.concurrency' AS concurrency, value ->> '$.first_due' AS first_due,
           value -> '$.rows' AS by_project
    FROM json_each(?1)
)
INSERT INTO scheduled_jobs
    (id, job_type, project_id, schedule, enabled, max_attempts, concurrency, next_run_at, updated_at)
SELECT r.value, j.job_type, r.key, j.schedule, j.enabled, j.max_attempts, j.concurrency, j.first_due, ?2
FROM jobs j CROSS JOIN json_each(j.by_project) r
WHERE true
ON CONFLICT (job_type, project_id) DO NOTHING
