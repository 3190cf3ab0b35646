-- Lets the next run of a schedule's key go ahead where its time has come and nothing of that job is unfinished in
-- its project. The schedule is locked: a timer makes no run meanwhile.
-- plan: open_queue_runs_of_schedule_due, scheduled_jobs_job_type_project_id_key, open_queue_runs_behind
WITH keys AS MATERIALIZED (
    SELECT s.job_type, s.project_id
    FROM (SELECT DISTINCT job_type, project_id FROM open_queue_runs
          WHERE behind AND key = '' AND available_at <= now()) b
        JOIN scheduled_jobs s ON s.job_type = b.job_type AND s.project_id = b.project_id
    ORDER BY s.id FOR UPDATE OF s SKIP LOCKED
), next AS (
    SELECT n.id FROM keys k CROSS JOIN LATERAL (
        SELECT b.id FROM open_queue_runs b
        WHERE b.job_type = k.job_type AND b.project_id = k.project_id AND b.key = '' AND b.behind
          AND b.available_at <= now()
        ORDER BY b.rank, b.available_at, b.id LIMIT 1
    ) n
    WHERE NOT EXISTS (
        SELECT FROM open_queue_runs f
        WHERE f.job_type = k.job_type AND f.project_id = k.project_id AND f.key = ''
          AND f.key IS NOT NULL AND NOT f.behind OFFSET 0
    ) AND NOT EXISTS (
        SELECT FROM open_runs r WHERE r.job_type = k.job_type AND r.project_id = k.project_id OFFSET 0
    )
)
UPDATE open_queue_runs r SET behind = false WHERE r.id = ANY(ARRAY(SELECT next.id FROM next))
