-- What runs were asked for.
-- ?1 [[id, job, project, key, args, priority, time or NULL, who asks], ...]
-- plan: none
INSERT INTO run_requests (run_id, job_type, project_id, key, args, priority, run_at, asked_by, queued_at)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
    value ->> 7, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
FROM json_each(?1)
