-- ?1 limit integer
-- plan: scheduled_jobs_due, scheduled_jobs_due_by_project, worker_runs_unfinished
-- Chooses schedules that are due, each project in turn. Mostly fewer are due than fit: then the oldest
-- are all there are. Otherwise the first of each project come in addition, so that a project that has a
-- million due does not keep the others waiting, and none of the million is read.
WITH oldest AS MATERIALIZED (
    SELECT s.id, s.project_id, s.next_run_at FROM scheduled_jobs s
    WHERE s.status = 'active' AND s.enabled = 1 AND s.next_run_at IS NOT NULL
      AND s.next_run_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
      AND NOT EXISTS (
          SELECT 1 FROM worker_runs r
          WHERE r.job_type = s.job_type AND r.project_id = s.project_id
            AND r.state IN ('available', 'running', 'retryable')
      )
    ORDER BY s.next_run_at LIMIT ?1
), due AS (
    SELECT * FROM oldest
    UNION
    SELECT s.id, s.project_id, s.next_run_at
    FROM (SELECT id FROM projects WHERE (SELECT count(*) FROM oldest) >= ?1) p
        CROSS JOIN scheduled_jobs s ON s.id IN (
            SELECT f.id FROM scheduled_jobs f
            WHERE f.project_id = p.id AND f.status = 'active' AND f.enabled = 1
              AND f.next_run_at IS NOT NULL
              AND f.next_run_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
              AND NOT EXISTS (
                  SELECT 1 FROM worker_runs r
                  WHERE r.job_type = f.job_type AND r.project_id = f.project_id
                    AND r.state IN ('available', 'running', 'retryable')
              )
            ORDER BY f.next_run_at LIMIT 1 + ?1 / (SELECT count(*) FROM projects)
        )
), in_turn AS (
    SELECT id, next_run_at, row_number() OVER (PARTITION BY project_id ORDER BY next_run_at) AS turn
    FROM due
)
SELECT s.id, s.job_type, s.project_id, s.schedule, s.max_attempts, s.payload,
       strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS now
FROM (SELECT id, turn, next_run_at FROM in_turn ORDER BY turn, next_run_at LIMIT ?1) c
    CROSS JOIN scheduled_jobs s ON s.id = c.id
ORDER BY c.turn, c.next_run_at
