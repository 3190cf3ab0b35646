-- Steps through the index from one (project, job, rank) of what waits to the next, up to 2,000 of them behind the
-- project ?1: a hundred thousand runs of one job cost one step. Whether the job or the project may start
-- anything is asked once for each. What reads `head` follows: queue_choose.sql or queue_soonest.sql.
-- ?1 project ('' for from the first on), ?2 {job type to leave out: seconds after which its runs are not left out any
-- more, or null for never, ...}: `stays` says that of a head; ?3 [project to leave out, ...]
-- plan: queue_runs_claimable, sqlite_autoindex_scheduled_jobs_2
WITH RECURSIVE step (project_id, job_type, rank, available_at, nth) AS (
    SELECT * FROM (
        SELECT project_id, job_type, rank, available_at, 1 FROM queue_runs
        WHERE state IN ('available', 'retryable') AND behind = 0 AND project_id > ?1
        ORDER BY project_id, job_type, rank, available_at LIMIT 1
    )
    UNION ALL
    SELECT n.project_id, n.job_type, n.rank, n.available_at, step.nth + 1
    FROM step JOIN queue_runs n ON n.id = coalesce((
        SELECT q.id FROM queue_runs q
        WHERE q.state IN ('available', 'retryable') AND q.behind = 0 AND q.project_id = step.project_id
          AND q.job_type = step.job_type AND q.rank > step.rank
        ORDER BY q.rank, q.available_at LIMIT 1
    ), (
        SELECT q.id FROM queue_runs q
        WHERE q.state IN ('available', 'retryable') AND q.behind = 0 AND q.project_id = step.project_id
          AND q.job_type > step.job_type
        ORDER BY q.job_type, q.rank, q.available_at LIMIT 1
    ), (
        SELECT q.id FROM queue_runs q
        WHERE q.state IN ('available', 'retryable') AND q.behind = 0 AND q.project_id > step.project_id
        ORDER BY q.project_id, q.job_type, q.rank, q.available_at LIMIT 1
    ))
    WHERE step.nth < 2000
), head AS MATERIALIZED (
    SELECT s.*, CASE
        WHEN s.job_type NOT IN (SELECT key FROM json_each(?2)) THEN 0.0
        ELSE (SELECT value FROM json_each(?2) WHERE key = s.job_type)
    END AS stays
    FROM step s
    WHERE stays IS NOT NULL
      AND s.project_id NOT IN (SELECT value FROM json_each(?3))
      AND NOT EXISTS (
          SELECT 1 FROM scheduled_jobs o
          WHERE o.job_type = s.job_type AND o.project_id = s.project_id
            AND (o.status <> 'active' OR o.enabled = 0)
      )
)
