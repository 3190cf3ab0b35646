-- Steps through the index from one (project, job, rank) of what waits to the next, up to 2,000 of them from the
-- project $1 on: a hundred thousand runs of one job cost one step. Whether the job or the project may start
-- anything is asked once for each. What reads `head` follows: queue_choose.sql, queue_soonest.sql or queue_known.sql.
-- Runs that may start since before $4 are passed over, without a look at their rows: floor.rs. NULL leaves none out.
-- $5 to $7 are (project, job, rank) in which many are passed over: the index begins in each of them where $4 says, and
-- steps through what lies between them.
-- $1 project uuid, $2 job types to leave out text[], $3 projects to leave out uuid[], $4 since timestamptz,
-- $5 projects uuid[], $6 jobs text[], $7 ranks smallint[]
-- plan: open_queue_runs_claimable, scheduled_jobs_off
WITH RECURSIVE known AS MATERIALIZED (
    SELECT k.* FROM unnest($5::uuid[], $6::text[], $7::smallint[]) AS k (project_id, job_type, rank)
    WHERE k.project_id >= $1::uuid
), gap AS MATERIALIZED (
    -- From one of them to the next; none of them, or of the index, is equal to the first or to the last end.
    SELECT low.*, lead(project_id, 1, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid) OVER following AS to_project,
        lead(job_type, 1, '') OVER following AS to_job, lead(rank, 1, 0::smallint) OVER following AS to_rank
    FROM (SELECT $1::uuid AS project_id, '' AS job_type, 0::smallint AS rank UNION ALL SELECT * FROM known) low
    WINDOW following AS (ORDER BY project_id, job_type, rank)
), step AS (
    (SELECT n.*, NULL::uuid AS to_project, '' AS to_job, 0::smallint AS to_rank, 1 AS nth
     FROM known CROSS JOIN LATERAL (
        SELECT project_id, job_type, rank, available_at FROM open_queue_runs
        WHERE state <> 'running' AND NOT behind
          AND project_id = known.project_id AND job_type = known.job_type AND rank = known.rank
          AND available_at >= coalesce($4::timestamptz, '-infinity')
        ORDER BY available_at LIMIT 1
     ) n
     UNION ALL
     SELECT n.*, gap.to_project, gap.to_job, gap.to_rank, 1
     FROM gap CROSS JOIN LATERAL (
        SELECT project_id, job_type, rank, available_at FROM open_queue_runs
        WHERE state <> 'running' AND NOT behind
          AND (project_id, job_type, rank) > (gap.project_id, gap.job_type, gap.rank)
          AND (project_id, job_type, rank) < (gap.to_project, gap.to_job, gap.to_rank)
          AND available_at >= coalesce($4::timestamptz, '-infinity')
        ORDER BY project_id, job_type, rank, available_at LIMIT 1
     ) n)
    UNION ALL
    SELECT n.*, step.to_project, step.to_job, step.to_rank, step.nth + 1
    FROM step CROSS JOIN LATERAL (
        SELECT project_id, job_type, rank, available_at FROM open_queue_runs
        WHERE state <> 'running' AND NOT behind
          AND (project_id, job_type, rank) > (step.project_id, step.job_type, step.rank)
          AND (project_id, job_type, rank) < (step.to_project, step.to_job, step.to_rank)
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
