-- $1 job_type text[], $2 projects uuid[]
-- plan: scheduled_jobs_job_type_project_id_key
-- Locked in the order in which the end of a run locks those that it triggers.
WITH named AS MATERIALIZED (
    SELECT s.id FROM unnest($1::text[]) AS j (job_type) CROSS JOIN unnest($2::uuid[]) AS p (id)
        JOIN scheduled_jobs s ON s.job_type = j.job_type AND s.project_id = p.id
    WHERE s.enabled ORDER BY s.id FOR UPDATE OF s
)
UPDATE scheduled_jobs s SET enabled = false, updated_at = now() FROM named WHERE s.id = named.id
