-- Lets the next run of each key go ahead where one of these runs, which have ended, was first: of those whose
-- time has come the one of the highest priority, or else the one whose time comes next. One of a schedule's key
-- that comes later stays behind, as it would keep the timer waiting. Where several runs of a key go at a time,
-- queue_fill_places.sql follows.
-- ?1 [id, ...]
-- plan: sqlite_autoindex_run_requests_1, queue_runs_first, queue_runs_behind
UPDATE queue_runs SET behind = 0
WHERE id IN (
    SELECT (
        SELECT b.id FROM queue_runs b
        WHERE b.job_type = k.job_type AND b.project_id = k.project_id AND b.key = k.key AND b.behind = 1
          AND b.state = 'available' AND (b.key <> '' OR b.available_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        ORDER BY b.available_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), b.rank, b.available_at, b.id
        LIMIT 1
    )
    FROM (
        SELECT DISTINCT job_type, project_id, key FROM run_requests
        WHERE run_id IN (SELECT value FROM json_each(?1)) AND key IS NOT NULL
    ) k
    WHERE NOT EXISTS (
        SELECT 1 FROM queue_runs f
        WHERE f.job_type = k.job_type AND f.project_id = k.project_id AND f.key = k.key
          AND f.key IS NOT NULL AND f.behind = 0 AND f.state IN ('available', 'running', 'retryable')
    ) AND NOT (k.key = '' AND EXISTS (
        SELECT 1 FROM worker_runs r
        WHERE r.job_type = k.job_type AND r.project_id = k.project_id
          AND r.state IN ('available', 'running', 'retryable')
    ))
)
