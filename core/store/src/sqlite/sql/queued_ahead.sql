-- Runs that wait and were queued at a later time than now, before the clock was set back. What was asked for at
-- a time keeps that.
-- plan: worker_runs_soonest
UPDATE worker_runs SET available_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
WHERE state IN ('available', 'retryable') AND available_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  AND max(queued_at, coalesce(started_at, queued_at))
      > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+5 seconds')
  AND NOT EXISTS (
      SELECT 1 FROM run_requests q WHERE q.run_id = worker_runs.id AND q.run_at IS NOT NULL
  )
