-- Schedules; the one writer has locked them all.
-- ?1 [job, ...], ?2 project
-- plan: sqlite_autoindex_scheduled_jobs_2
SELECT id, job_type, project_id, status, enabled, schedule, max_attempts, next_run_at, payload,
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS now
FROM scheduled_jobs WHERE job_type IN (SELECT value FROM json_each(?1)) AND project_id = ?2
ORDER BY id
