-- Follows end_runs.sql: what the database knows of the runs that have ended.
-- plan: open_runs_pkey
SELECT g.nth, g.job_type, g.project_id, g.trace_id, clock.at FROM gone g, clock
