-- $1 job_type text[], $2 schedule text[], $3 enabled bool[], $4 max_attempts int[], $5 concurrency int[],
-- $6 first_due timestamptz[], $7 projects uuid[], $8 id uuid[], one for each job and project in turn
-- plan: scheduled_jobs_job_type_project_id_key
-- Each job in each project, but for those that are there. Ids grow with the rows, so that both unique
-- indexes are written at their end.
INSERT INTO scheduled_jobs
    (id, job_type, project_id, schedule, enabled, max_attempts, concurrency, next_run_at)
SELECT ($8::uuid[])[(j.nth - 1) * cardinality($7::uuid[]) + p.nth], j.job_type, p.id, j.schedule,
       j.enabled, j.max_attempts, j.concurrency, j.first_due
FROM unnest($1::text[], $2::text[], $3::bool[], $4::int[], $5::int[], $6::timestamptz[])
    WITH ORDINALITY AS j (job_type, schedule, enabled, max_attempts, concurrency, first_due, nth)
    CROSS JOIN unnest($7::uuid[]) WITH ORDINALITY AS p (id, nth)
ON CONFLICT (job_type, project_id) DO NOTHING
