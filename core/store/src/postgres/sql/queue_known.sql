-- Follows queue_heads.sql: where something waits.
-- plan: open_queue_runs_claimable
SELECT DISTINCT project_id, job_type, rank FROM step
