-- Steps through the index from one (project, job, rank) of what waits to the next, up to 2,000 of them behind the
-- project $1: a hundred thousand runs of one job cost one step. Whether the job or the project may start
-- anything is asked once for each. What reads `head` or `step` follows: queue_choose.sql, queue_soonest.sql,
-- queue_known.sql or look.sql.
-- Runs that may start since before $4 are passed over, without a look at their rows: floor.rs. NULL leaves none out.
-- $5 to $7 are (project, job, rank) in which many are passed over: of their projects nothing else is looked for, and the
-- search in the index begins in each where $9 says, which is not before $4. The steps go through the projects between
-- these.
-- $1 project uuid, $2 job types to leave out text[], $3 projects to leave out uuid[], $4 since timestamptz,
-- $5 projects uuid[], $6 jobs text[], $7 ranks smallint[], $8 the seconds float8[] after which runs of each of $2 are
-- not left out any more, NULL for never: `stays` says that of a head; $9 since when in each of $5 to $7 timestamptz[]
-- plan: open_queue_runs_claimable, scheduled_jobs_off
WITH RECURSIVE known AS MATERIALIZED (
    SELECT k.* FROM unnest($5::uuid[], $6::text[], $7::smallint[], $9::timestamptz[])
        WITH ORDINALITY AS k (project_id, job_type, rank, since, known)
    WHERE k.project_id > $1::uuid
), gap AS MATERIALIZED (
    SELECT low.project_id, lead(low.project_id, 1, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
        OVER (ORDER BY low.project_id) AS before
    FROM (SELECT $1::uuid AS project_id UNION SELECT project_id FROM known) low
), step AS (
    (SELECT n.*, NULL::uuid AS before, known.known, 1 AS nth
     FROM known CROSS JOIN LATERAL (
        SELECT project_id, job_type, rank, available_at FROM open_queue_runs
        WHERE state <> 'running' AND NOT behind
          AND project_id = known.project_id AND job_type = known.job_type AND rank = known.rank
          AND available_at >= known.since
        ORDER BY available_at LIMIT 1
     ) n
     UNION ALL
     SELECT n.*, gap.before, NULL, 1
     FROM gap CROSS JOIN LATERAL (
        SELECT project_id, job_type, rank, available_at FROM open_queue_runs
        WHERE state <> 'running' AND NOT behind AND project_id > gap.project_id AND project_id < gap.before
          AND available_at >= coalesce($4::timestamptz, '-infinity')
        ORDER BY project_id, job_type, rank, available_at LIMIT 1
     ) n)
    UNION ALL
    SELECT n.*, step.before, NULL, step.nth + 1
    FROM step CROSS JOIN LATERAL (
        SELECT project_id, job_type, rank, available_at FROM open_queue_runs
        WHERE state <> 'running' AND NOT behind
          AND (project_id, job_type, rank) > (step.project_id, step.job_type, step.rank)
          AND project_id < step.before
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
    SELECT * FROM (
        SELECT able.*, CASE WHEN job_type <> ALL($2) THEN interval '0' ELSE make_interval(
            secs => ($8::float8[])[array_position($2::text[], job_type)]
        ) END AS stays
        FROM able WHERE project_id <> ALL($3)
    ) a WHERE stays IS NOT NULL
)
