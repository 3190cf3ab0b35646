-- Lets leased runs wait again.
-- ?1 [[id, attempt, owner, state, error, modifier of the date functions or NULL (keeps its place),
--      attempts given back: 0 or 1, whether it is to be begun alone: 0 or 1], ...]
-- plan: sqlite_autoindex_worker_runs_1
UPDATE worker_runs
SET state = q.value ->> 3, attempt = attempt - (q.value ->> 6),
    error = coalesce(q.value ->> 4, error), summary = NULL, lease_owner = NULL, lease_until = NULL,
    cancel_requested_at = NULL,
    available_at = CASE WHEN q.value ->> 5 IS NULL THEN available_at
                        ELSE strftime('%Y-%m-%dT%H:%M:%fZ', 'now', q.value ->> 5) END,
    started_at = CASE q.value ->> 6 WHEN 0 THEN started_at END,
    progress = CASE q.value ->> 6 WHEN 0 THEN progress END,
    -- One that was to be begun alone and has not begun still is.
    loss_counts = CASE WHEN q.value ->> 7 THEN 0 WHEN q.value ->> 6 THEN nullif(loss_counts, 1) END
FROM json_each(?1) q
WHERE worker_runs.id = q.value ->> 0 AND attempt = q.value ->> 1 AND lease_owner = q.value ->> 2
  AND worker_runs.state = 'running'
RETURNING worker_runs.id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS at
