-- A run that has ended and waits again behind the first of its key.
-- ?1 id, ?2 max_attempts
-- plan: sqlite_autoindex_queue_runs_1
UPDATE queue_runs
SET state = 'available', max_attempts = ?2, behind = 1, finished_at = NULL, summary = NULL,
    progress = NULL, cancel_requested_at = NULL,
    available_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
WHERE id = ?1
