-- Pages of runs in their order without a sort, and the runs of one cascade.
DROP INDEX worker_runs_queued;
CREATE INDEX worker_runs_queued ON worker_runs (queued_at, id);
CREATE INDEX worker_runs_of_trace ON worker_runs (trace_id, queued_at, id);
