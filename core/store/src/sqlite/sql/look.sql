-- What there is to do besides what waits.
-- ?1 worker, ?2 modifier of the date functions: the longest lease there can be (see unresponsive_claims)
-- plan: worker_runs_leased, scheduled_jobs_due, worker_runs_unfinished
SELECT EXISTS (
    SELECT 1 FROM worker_runs
    WHERE state = 'running' AND lease_owner <> ?1
      AND (lease_until < strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
           OR lease_until > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ?2))
) AS unresponsive, EXISTS (
    SELECT 1 FROM scheduled_jobs s
    WHERE s.status = 'active' AND s.enabled = 1 AND s.next_run_at IS NOT NULL
      AND s.next_run_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
      AND NOT EXISTS (
          SELECT 1 FROM worker_runs r
          WHERE r.job_type = s.job_type AND r.project_id = s.project_id
            AND r.state IN ('available', 'running', 'retryable')
      )
) AS due, (SELECT min(id) FROM projects) AS first_project, (SELECT max(id) FROM projects) AS last_project
