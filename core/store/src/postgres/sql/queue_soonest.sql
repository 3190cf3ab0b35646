-- Follows queue_heads.sql: how long until the first of them may start, in seconds; NULL where nothing waits.
-- Runs of schedules' keys whose time has not come are behind until then.
-- plan: open_queue_runs_of_schedule_due
SELECT extract(epoch FROM min(available_at) - clock_timestamp())::float8 AS seconds FROM (
    SELECT available_at + stays AS available_at FROM head
    UNION ALL
    SELECT min(available_at) FROM open_queue_runs
    WHERE behind AND key = '' AND available_at > now()
) soonest
