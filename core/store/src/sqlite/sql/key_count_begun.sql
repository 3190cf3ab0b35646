-- Writes what has begun of keys.
-- ?1 [[job, project, key, what has begun, until which hour it counts], ...]
-- plan: none
INSERT INTO key_begins (job_type, project_id, key, begun, until_hour)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?1)
WHERE true
ON CONFLICT (job_type, project_id, key) DO UPDATE SET begun = excluded.begun, until_hour = excluded.until_hour
