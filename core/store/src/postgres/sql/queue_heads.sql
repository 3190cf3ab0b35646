-- Steps through the index from one (project, job, rank) of what waits to the next, up to 2,000 of them behind the
-- project $1: a hundred thousand runs of one job cost one step. Whether the job or the project may start
-- anything is asked once for each. What reads `head` follows: queue_choose.sql or queue_soonest.sql.
-- Runs that may start since before $4 are passed over, without a look at their rows: floor.rs. NULL leaves none out.
-- $1 project uuid, $2 job types to leave out text[], $3 projects to leave out uuid[], $4 since timestamptz
-- plan: open_queue_runs_claimable, scheduled_jobs_off
WITH RECURSIVE step (project_id, job_type, rank, available_at, nth) AS (
    (SELECT project_id, job_type, rank, available_at, 1 FROM open_queue_runs
     WHERE state <> 'running' AND NOT behind AND project_id > $1::uuid
       AND available_at >= coalesce($4::timestamptz, '-infinity')
     ORDER BY project_id, job_type, rank, available_at LIMIT 1)
    UNION ALL
    SELECT n.project_id, n.job_type, n.rank, n.available_at, step.nth + 1
    FROM step CROSS JOIN LATERAL (
        SELECT project_id, job_type, rank, available_at FROM open_queue_runs
        WHERE state <> 'running' AND NOT behind
          AND (project_id, job_type, rank) > (step.project_id, step.job_type, step.rank)
          AND available_at >= coalesce($4::timestamptz, '-infinity')
        ORDER BY project_id, job_type, rank, available_at LIMIT 1
    ) n
    WHERE step.nth < 2000
), able AS MATERIALIZED (
    SELECT s.* FROM step s
    WHERE (
        NOT EXISTS (SELECT FROM scheduled_jobs WHERE status <> 'active' OR NOT enabled)
        OR NOT EXISTS (
            SELECT FROM scheduled_jobs o
            WHERE o.job_type = s.job_type AND o.project_id = s.project_id
              AND (o.status <> 'active' OR NOT o.enabled)
        )
    )
), head AS MATERIALIZED (
    SELECT * FROM able WHERE job_type <> ALL($2) AND project_id <> ALL($3)
)
