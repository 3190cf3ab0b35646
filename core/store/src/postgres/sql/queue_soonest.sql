-- Follows queue_heads.sql: how long until the first of them may start, in seconds; NULL where nothing waits.
-- plan: none
SELECT extract(epoch FROM min(available_at) - clock_timestamp())::float8 AS seconds FROM head
