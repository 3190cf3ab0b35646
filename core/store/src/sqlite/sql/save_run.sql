-- A run that stays in its state, or ends, or has ended and waits again: unless its job has another
-- unfinished run.
-- ?1 id, ?2 state, ?3 max_attempts, ?4 payload, ?5 whether its end is asked for: 0 or 1,
-- ?6 why it ends, or NULL
-- plan: sqlite_autoindex_worker_runs_1
UPDATE OR IGNORE worker_runs
SET state = ?2, max_attempts = ?3, payload = ?4,
    cancel_requested_at = CASE ?5
        WHEN 1 THEN coalesce(cancel_requested_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) END,
    finished_at = CASE ?2 WHEN 'cancelled' THEN strftime('%Y-%m-%dT%H:%M:%fZ', 'now') END,
    available_at = CASE WHEN finished_at IS NULL THEN available_at
                        ELSE strftime('%Y-%m-%dT%H:%M:%fZ', 'now') END,
    error = coalesce(?6, error),
    summary = CASE WHEN finished_at IS NULL THEN summary END,
    progress = CASE WHEN finished_at IS NULL THEN progress END
WHERE id = ?1
