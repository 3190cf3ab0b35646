-- Follows queue_heads.sql: how long until the first of them may start, in seconds; NULL where nothing waits.
-- plan: queue_runs_claimable
SELECT (julianday(min(available_at)) - julianday('now')) * 86400.0 AS seconds FROM head
