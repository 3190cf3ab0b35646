-- When something is to be done next.
-- ?1 worker, ?2 {job type to leave out: seconds after which its runs are not left out any more, or null for never,
-- ...}, ?3 [project to leave out, ...]
-- plan: worker_runs_soonest, worker_runs_leased, scheduled_jobs_due, worker_runs_unfinished
-- plan: sqlite_autoindex_scheduled_jobs_2, scheduled_jobs_limited
SELECT EXISTS (SELECT 1 FROM scheduled_jobs WHERE concurrency IS NOT NULL)
    OR EXISTS (SELECT 1 FROM projects WHERE concurrency IS NOT NULL)
    OR EXISTS (SELECT 1 FROM shared_limit_jobs) AS limited,
    (julianday(min(at)) - julianday('now')) * 86400.0 AS seconds
FROM (
    SELECT min(available_at) AS at FROM worker_runs n
    WHERE state IN ('available', 'retryable')
      AND job_type NOT IN (SELECT key FROM json_each(?2))
      AND project_id NOT IN (SELECT value FROM json_each(?3))
      AND NOT EXISTS (
          SELECT 1 FROM scheduled_jobs s
          WHERE s.job_type = n.job_type AND s.project_id = n.project_id
            AND (s.status <> 'active' OR s.enabled = 0)
      )
    UNION ALL
    SELECT min(strftime('%Y-%m-%dT%H:%M:%fZ', n.available_at, '+' || stays.value || ' seconds'))
    FROM json_each(?2) stays CROSS JOIN worker_runs n
    WHERE stays.value IS NOT NULL AND n.job_type = stays.key
      AND n.state IN ('available', 'running', 'retryable') AND n.state <> 'running'
      AND n.project_id NOT IN (SELECT value FROM json_each(?3))
      AND NOT EXISTS (
          SELECT 1 FROM scheduled_jobs s
          WHERE s.job_type = n.job_type AND s.project_id = n.project_id
            AND (s.status <> 'active' OR s.enabled = 0)
      )
    UNION ALL
    SELECT min(lease_until) FROM worker_runs WHERE state = 'running' AND lease_owner <> ?1
    UNION ALL
    SELECT min(lease_until) FROM queue_runs WHERE state = 'running' AND lease_owner <> ?1
    UNION ALL
    SELECT min(s.next_run_at) FROM scheduled_jobs s
    WHERE s.status = 'active' AND s.enabled = 1 AND s.next_run_at IS NOT NULL
      AND NOT EXISTS (
          SELECT 1 FROM worker_runs r
          WHERE r.job_type = s.job_type AND r.project_id = s.project_id
            AND r.state IN ('available', 'running', 'retryable')
      ) AND NOT EXISTS (
          SELECT 1 FROM queue_runs q
          WHERE q.job_type = s.job_type AND q.project_id = s.project_id AND q.key = ''
            AND q.key IS NOT NULL AND q.behind = 0 AND q.state IN ('available', 'running', 'retryable')
      )
)
