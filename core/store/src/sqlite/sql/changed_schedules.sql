-- ?1 jobs json: [{"job_type", "schedule", "enabled", "max_attempts", "concurrency"}], ?2 projects json: [id]
-- plan: sqlite_autoindex_scheduled_jobs_2
-- The rows that keep other settings.
WITH jobs AS MATERIALIZED (
    SELECT value ->> '$.job_type' AS job_type, value ->> '$.schedule' AS schedule,
           value ->> '$.enabled' AS enabled, value ->> '$.max_attempts' AS max_attempts,
           value ->> '$.concurrency' AS concurrency
    FROM json_each(?1)
)
SELECT s.id, s.job_type, s.schedule, s.enabled, s.max_attempts, s.concurrency, s.next_run_at,
       s.payload <> '{}' AS has_triggers, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS now
FROM jobs j CROSS JOIN json_each(?2) p
    CROSS JOIN scheduled_jobs s ON s.job_type = j.job_type AND s.project_id = p.value
WHERE (s.schedule, s.enabled, s.max_attempts, s.concurrency)
    IS NOT (j.schedule, j.enabled, j.max_attempts, j.concurrency)
