-- $1 job_type text[], $2 schedule text[], $3 enabled bool[], $4 max_attempts int[], $5 concurrency int[],
-- $6 projects uuid[]
-- plan: scheduled_jobs_job_type_project_id_key
-- Locks the rows that keep other settings, in the order in which the end of a run locks those that it
-- triggers.
SELECT s.id, s.job_type, s.schedule, s.enabled, s.max_attempts, s.concurrency, s.next_run_at,
       s.payload::text <> '{}' AS has_triggers, now() AS now
FROM unnest($1::text[], $2::text[], $3::bool[], $4::int[], $5::int[])
        AS j (job_type, schedule, enabled, max_attempts, concurrency)
    CROSS JOIN unnest($6::uuid[]) AS p (id)
    JOIN scheduled_jobs s ON s.job_type = j.job_type AND s.project_id = p.id
WHERE (s.schedule, s.enabled, s.max_attempts, s.concurrency)
    IS DISTINCT FROM (j.schedule, j.enabled, j.max_attempts, j.concurrency)
ORDER BY s.id
FOR UPDATE OF s
