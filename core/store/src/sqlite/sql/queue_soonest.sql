-- Follows queue_heads.sql: how long until the first of them may start, in seconds; NULL where nothing waits.
-- Runs of schedules' keys whose time has not come are behind until then.
-- plan: queue_runs_claimable, queue_runs_of_schedule_due
SELECT (min(day) - julianday('now')) * 86400.0 AS seconds FROM (
    SELECT julianday(available_at) + stays / 86400.0 AS day FROM head
    UNION ALL
    SELECT julianday(min(available_at)) FROM queue_runs INDEXED BY queue_runs_of_schedule_due
    WHERE behind = 1 AND key = '' AND state = 'available'
      AND available_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
)
