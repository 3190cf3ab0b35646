-- Chooses up to $2 runs that may start now, from up to $5 projects behind the project $1, the longest-waiting
-- of each first, and locks them; those that another transaction has locked are skipped. Each step finds the
-- next project through the index, among its next 1,000 entries at most: the cost grows with what is chosen
-- and not with what waits. Where a limit may be near there is no step, unless $6. Leaves out runs whose job
-- is paused, disabled, or no longer in jobs.toml: mostly there is no such job, and one look at an empty
-- index is all that it costs. What reads `step` and `chosen` follows: take_runs.sql or waiting_runs.sql.
-- $1 project uuid, $2 runs int8, $3 job types to leave out text[], $4 projects to leave out uuid[],
-- $5 projects int8, $6 whether somebody looks after limits bool, $8 the seconds float8[] after which runs of each of
-- $3 are not left out any more, NULL for never
-- plan: worker_runs_claimable, scheduled_jobs_off, scheduled_jobs_limited, projects_limited
WITH RECURSIVE step (project_id, nth) AS (
    SELECT $1::uuid, 0::int8
    WHERE CASE WHEN $6 THEN true
               WHEN EXISTS (SELECT FROM scheduled_jobs WHERE concurrency IS NOT NULL)
                 OR EXISTS (SELECT FROM projects WHERE concurrency IS NOT NULL)
                 OR EXISTS (SELECT FROM shared_limit_jobs) THEN limits_are_wide($7, $2)
               ELSE true END
    UNION ALL
    SELECT n.project_id, step.nth + 1 FROM step CROSS JOIN LATERAL (
        SELECT n.project_id FROM (
            SELECT project_id, state, available_at, job_type FROM open_runs
            WHERE project_id > step.project_id
            ORDER BY project_id, available_at, id LIMIT 1000
        ) n
        WHERE n.state <> 'running' AND n.available_at <= now()
          AND n.project_id <> ALL($4) AND (n.job_type <> ALL($3) OR n.available_at <= now() - make_interval(
              secs => ($8::float8[])[array_position($3::text[], n.job_type)]
          )) AND (
              NOT EXISTS (SELECT FROM scheduled_jobs WHERE status <> 'active' OR NOT enabled)
              OR NOT EXISTS (
                  SELECT FROM scheduled_jobs s
                  WHERE s.job_type = n.job_type AND s.project_id = n.project_id
                    AND (s.status <> 'active' OR NOT s.enabled)
              )
          )
        ORDER BY n.project_id LIMIT 1
    ) n
    WHERE step.nth < $5
), chosen AS MATERIALIZED (
    SELECT c.id, c.at, c.job_type, step.project_id FROM step CROSS JOIN LATERAL (
        SELECT r.id, r.ctid AS at, r.job_type FROM open_runs r
        WHERE r.project_id = step.project_id AND r.state <> 'running'
          AND r.available_at <= now() AND (r.job_type <> ALL($3) OR r.available_at <= now() - make_interval(
              secs => ($8::float8[])[array_position($3::text[], r.job_type)]
          )) AND (
              NOT EXISTS (SELECT FROM scheduled_jobs WHERE status <> 'active' OR NOT enabled)
              OR NOT EXISTS (
                  SELECT FROM scheduled_jobs s
                  WHERE s.job_type = r.job_type AND s.project_id = r.project_id
                    AND (s.status <> 'active' OR NOT s.enabled)
              )
          )
        ORDER BY r.available_at, r.id
        LIMIT ceil($2::float8 / (SELECT count(*) FROM step WHERE nth > 0))
        FOR UPDATE SKIP LOCKED
    ) c
    WHERE step.nth > 0
    LIMIT $2
)
