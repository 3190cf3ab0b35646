-- ?1 rows json: [{"id", "schedule", "enabled", "max_attempts", "concurrency", "next_run_at"}], ?2 now text
-- plan: sqlite_autoindex_scheduled_jobs_1
-- The rows were read in this transaction.
UPDATE scheduled_jobs
SET schedule = n.value ->> '$.schedule', enabled = n.value ->> '$.enabled',
    max_attempts = n.value ->> '$.max_attempts', concurrency = n.value ->> '$.concurrency',
    next_run_at = n.value ->> '$.next_run_at', updated_at = ?2
FROM json_each(?1) n WHERE scheduled_jobs.id = n.value ->> '$.id'
