-- Prolongs what a worker holds.
-- ?1 worker, ?2 [[id, attempt, 1 if it has begun or NULL], ...], ?3 modifier of the date functions
-- plan: sqlite_autoindex_worker_runs_1
UPDATE worker_runs SET lease_until = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ?3),
    loss_counts = coalesce(l.value ->> 2, loss_counts)
FROM json_each(?2) l
WHERE worker_runs.id = l.value ->> 0 AND attempt = l.value ->> 1 AND lease_owner = ?1
  AND state = 'running'
RETURNING worker_runs.id, cancel_requested_at IS NOT NULL AS cancel
