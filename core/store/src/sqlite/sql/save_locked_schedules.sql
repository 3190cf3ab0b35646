-- Stores schedules.
-- ?1 [[id, status, due time, payload], ...]
-- plan: sqlite_autoindex_scheduled_jobs_1
UPDATE scheduled_jobs
SET status = s.value ->> 1, next_run_at = s.value ->> 2, payload = s.value ->> 3,
    updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
FROM json_each(?1) s WHERE scheduled_jobs.id = s.value ->> 0
