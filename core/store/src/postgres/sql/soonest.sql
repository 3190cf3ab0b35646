-- When there is something to do next.
-- $1 worker text, $2 job types to leave out text[], $3 projects to leave out uuid[], $4 the seconds float8[] after
-- which runs of each of $2 are not left out any more, NULL for never
-- plan: worker_runs_soonest, scheduled_jobs_off, scheduled_jobs_due, worker_runs_unfinished
-- plan: scheduled_jobs_limited, projects_limited
SELECT EXISTS (SELECT FROM scheduled_jobs WHERE concurrency IS NOT NULL)
    OR EXISTS (SELECT FROM projects WHERE concurrency IS NOT NULL)
    OR EXISTS (SELECT FROM shared_limit_jobs) AS limited,
    extract(epoch FROM min(at) - clock_timestamp())::float8 AS seconds
FROM (
    (SELECT available_at AS at FROM open_runs n
     WHERE state <> 'running' AND job_type <> ALL($2) AND project_id <> ALL($3) AND (
         NOT EXISTS (SELECT FROM scheduled_jobs WHERE status <> 'active' OR NOT enabled)
         OR NOT EXISTS (
             SELECT FROM scheduled_jobs s
             WHERE s.job_type = n.job_type AND s.project_id = n.project_id
               AND (s.status <> 'active' OR NOT s.enabled)
         )
     )
     ORDER BY available_at LIMIT 1)
    UNION ALL
    (SELECT n.available_at + make_interval(secs => stays.seconds)
     FROM unnest($2::text[], $4::float8[]) AS stays (job_type, seconds)
     CROSS JOIN LATERAL (
         -- Not by the index of times, past what all other jobs have.
         SELECT min(n.available_at + interval '0') AS available_at FROM open_runs n
         WHERE n.job_type = stays.job_type AND n.state <> 'running' AND n.project_id <> ALL($3) AND (
             NOT EXISTS (SELECT FROM scheduled_jobs WHERE status <> 'active' OR NOT enabled)
             OR NOT EXISTS (
                 SELECT FROM scheduled_jobs s
                 WHERE s.job_type = n.job_type AND s.project_id = n.project_id
                   AND (s.status <> 'active' OR NOT s.enabled)
             )
         )
     ) n
     WHERE stays.seconds IS NOT NULL)
    UNION ALL
    SELECT min(lease_until) FROM workers WHERE owner <> $1
    UNION ALL
    SELECT min(lease_until) FROM queue_workers WHERE owner <> $1
    UNION ALL
    (SELECT s.next_run_at FROM scheduled_jobs s
     WHERE s.status = 'active' AND s.enabled AND s.next_run_at IS NOT NULL
       AND NOT EXISTS (
           SELECT FROM open_runs r
           WHERE r.job_type = s.job_type AND r.project_id = s.project_id OFFSET 0
       ) AND NOT EXISTS (
           SELECT FROM open_queue_runs q
           WHERE q.job_type = s.job_type AND q.project_id = s.project_id AND q.key = ''
             AND q.key IS NOT NULL AND NOT q.behind OFFSET 0
       )
     ORDER BY s.next_run_at LIMIT 1)
) soonest
