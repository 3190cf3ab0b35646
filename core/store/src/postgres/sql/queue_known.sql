-- Follows queue_heads.sql: where something waits, and since when.
-- plan: open_queue_runs_claimable
SELECT project_id, job_type, rank, least(min(available_at), now()) AS available_at FROM step
GROUP BY project_id, job_type, rank
