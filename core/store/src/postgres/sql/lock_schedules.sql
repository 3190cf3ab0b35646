-- Locks schedules, so that the triggers of two upstreams that end together are both kept; in one order,
-- so that these do not wait for each other.
-- $1 jobs text[], $2 project uuid
-- plan: scheduled_jobs_job_type_project_id_key
SELECT id, job_type, project_id, status, enabled, schedule, max_attempts, next_run_at,
    payload::text AS payload, clock_timestamp() AS now
FROM scheduled_jobs WHERE job_type = ANY($1) AND project_id = $2 ORDER BY id FOR UPDATE
