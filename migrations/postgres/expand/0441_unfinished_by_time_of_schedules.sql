-- As 0440, of schedules' runs: in a separate transaction, as others lock these tables in either order.
DROP INDEX open_runs_queued;
CREATE INDEX open_runs_queued ON open_runs (queued_at) INCLUDE (id);
