-- Follows queue_heads.sql: what there is to do besides what waits, and whether a run of a queue does, of which the first
-- that is found is enough. Due schedules are asked for in their order: without it the planner may walk through the index
-- of due times by project, from end to end.
-- $10 worker text
-- plan: scheduled_jobs_due, worker_runs_unfinished, projects_pkey, open_queue_runs_claimable
SELECT EXISTS (SELECT FROM workers WHERE lease_until < now() AND owner <> $10)
    OR EXISTS (SELECT FROM queue_workers WHERE lease_until < now() AND owner <> $10) AS unresponsive,
    EXISTS (SELECT FROM step) AS queued,
    EXISTS (
        SELECT FROM open_queue_runs b
        WHERE b.behind AND b.key = '' AND b.available_at <= now() AND NOT EXISTS (
            SELECT FROM open_queue_runs f
            WHERE f.job_type = b.job_type AND f.project_id = b.project_id AND f.key = ''
              AND f.key IS NOT NULL AND NOT f.behind OFFSET 0
        ) AND NOT EXISTS (
            SELECT FROM open_runs r WHERE r.job_type = b.job_type AND r.project_id = b.project_id OFFSET 0
        )
    ) AS schedule_key_free,
    coalesce((
        SELECT true FROM scheduled_jobs s
        WHERE s.status = 'active' AND s.enabled AND s.next_run_at IS NOT NULL
          AND s.next_run_at <= now() AND NOT EXISTS (
              SELECT FROM open_runs r
              WHERE r.job_type = s.job_type AND r.project_id = s.project_id OFFSET 0
          ) AND NOT EXISTS (
              SELECT FROM open_queue_runs q
              WHERE q.job_type = s.job_type AND q.project_id = s.project_id AND q.key = ''
                AND q.key IS NOT NULL AND NOT q.behind OFFSET 0
          )
        ORDER BY s.next_run_at LIMIT 1
    ), false) AS due,
    (SELECT id FROM projects ORDER BY id LIMIT 1) AS first_project,
    (SELECT id FROM projects ORDER BY id DESC LIMIT 1) AS last_project
