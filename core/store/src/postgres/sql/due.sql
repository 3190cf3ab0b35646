-- $1 limit int8
-- plan: scheduled_jobs_due, scheduled_jobs_due_by_project, worker_runs_unfinished, scheduled_jobs_pkey
-- Chooses schedules that are due, each project in turn, and locks them. Mostly fewer are due than fit:
-- then the oldest are all there are. Otherwise the first of each project come in addition, so that a
-- project that has a million due does not keep the others waiting, and none of the million is read.
-- A run of the schedule's key that a caller has asked for counts as its own.
-- Whether a schedule has an unfinished run is asked as a range: by two equalities the planner may as
-- well choose the index of a project's runs while open_runs is empty, and keep that plan as it fills.
WITH oldest AS MATERIALIZED (
    SELECT s.id, s.project_id, s.next_run_at FROM scheduled_jobs s
    WHERE s.status = 'active' AND s.enabled AND s.next_run_at IS NOT NULL AND s.next_run_at <= now()
      AND s.project_id IS DISTINCT FROM (
          SELECT r.project_id FROM open_runs r
          WHERE r.job_type = s.job_type AND r.project_id >= s.project_id
          ORDER BY r.project_id LIMIT 1
      ) AND NOT EXISTS (
          SELECT FROM open_queue_runs q
          WHERE q.job_type = s.job_type AND q.project_id = s.project_id AND q.key = ''
            AND q.key IS NOT NULL AND NOT q.behind OFFSET 0
      )
    ORDER BY s.next_run_at LIMIT $1
), due AS (
    SELECT * FROM oldest
    UNION
    SELECT first.* FROM projects p CROSS JOIN LATERAL (
        SELECT s.id, s.project_id, s.next_run_at FROM scheduled_jobs s
        WHERE s.project_id = p.id AND s.status = 'active' AND s.enabled
          AND s.next_run_at IS NOT NULL AND s.next_run_at <= now()
          AND s.project_id IS DISTINCT FROM (
              SELECT r.project_id FROM open_runs r
              WHERE r.job_type = s.job_type AND r.project_id >= s.project_id
              ORDER BY r.project_id LIMIT 1
          ) AND NOT EXISTS (
              SELECT FROM open_queue_runs q
              WHERE q.job_type = s.job_type AND q.project_id = s.project_id AND q.key = ''
                AND q.key IS NOT NULL AND NOT q.behind OFFSET 0
          )
        ORDER BY s.next_run_at LIMIT ceil($1::float8 / (SELECT count(*) FROM projects))
    ) first
    WHERE (SELECT count(*) FROM oldest) >= $1
), chosen AS MATERIALIZED (
    SELECT id FROM (
        SELECT id, next_run_at, row_number() OVER (PARTITION BY project_id ORDER BY next_run_at) AS turn
        FROM due
    ) in_turn
    ORDER BY turn, next_run_at LIMIT $1
)
SELECT s.id, s.job_type, s.project_id, s.status, s.enabled, s.schedule, s.max_attempts, s.next_run_at,
    s.payload::text AS payload, now() AS now
FROM scheduled_jobs s
WHERE s.id IN (SELECT id FROM chosen) AND s.next_run_at <= now()
FOR UPDATE OF s SKIP LOCKED
