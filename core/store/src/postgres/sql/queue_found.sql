-- Follows queue_choose.sql: what it has chosen and locked.
-- plan: open_queue_runs_claimable
SELECT chosen.id, chosen.job_type, chosen.project_id, reached.* FROM reached LEFT JOIN chosen ON true
