-- What runs were asked for.
-- ?1 [id, ...]
-- plan: sqlite_autoindex_run_requests_1
SELECT run_id, key, args, priority, run_at, asked_by FROM run_requests
WHERE run_id IN (SELECT value FROM json_each(?1))
