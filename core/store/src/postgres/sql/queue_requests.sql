-- What runs were asked for.
-- $1 ids uuid[]
-- plan: run_requests_pkey
SELECT run_id, key, args, priority::int AS priority, run_at, asked_by FROM run_requests
WHERE run_id = ANY($1)
