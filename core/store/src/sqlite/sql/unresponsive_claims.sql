-- Runs of workers that have not renewed their leases in time. A lease that seems to last for much longer
-- than one does was written before the clock was set back.
-- ?1 a worker that is at work, ?2 modifier of the date functions: the longest lease there can be, ?3 limit
-- plan: worker_runs_leased
SELECT id, lease_owner, attempt, max_attempts, cancel_requested_at IS NOT NULL AS cancel,
    loss_counts IS 1 AS counts
FROM worker_runs
WHERE state = 'running' AND lease_owner <> ?1
  AND (lease_until < strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
       OR lease_until > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ?2))
LIMIT ?3
