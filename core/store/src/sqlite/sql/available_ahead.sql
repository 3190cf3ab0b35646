-- Runs that wait for a later time move with a clock that was set back. What was asked for at a time keeps
-- that.
-- ?1 modifier of the date functions
-- plan: worker_runs_soonest
UPDATE worker_runs
SET available_at = max(strftime('%Y-%m-%dT%H:%M:%fZ', available_at, ?1), strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
WHERE state IN ('available', 'retryable') AND available_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  AND NOT EXISTS (
      SELECT 1 FROM run_requests q WHERE q.run_id = worker_runs.id AND q.run_at IS NOT NULL
  )
