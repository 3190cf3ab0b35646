-- What there is to do besides what waits.
-- ?1 worker, ?2 modifier of the date functions: the longest lease there can be (see unresponsive_claims)
-- plan: queue_runs_leased, queue_runs_claimable, queue_runs_of_schedule_due, worker_runs_leased, scheduled_jobs_due, worker_runs_unfinished
SELECT EXISTS (
    SELECT 1 FROM worker_runs
    WHERE state = 'running' AND lease_owner <> ?1
      AND (lease_until < strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
           OR lease_until > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ?2))
) OR EXISTS (
    SELECT 1 FROM queue_runs
    WHERE state = 'running' AND lease_owner <> ?1
      AND (lease_until < strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
           OR lease_until > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ?2))
) AS unresponsive, EXISTS (
    SELECT 1 FROM queue_runs WHERE state IN ('available', 'retryable') AND behind = 0
) AS queued, EXISTS (
    SELECT 1 FROM queue_runs b INDEXED BY queue_runs_of_schedule_due
    WHERE b.behind = 1 AND b.key = '' AND b.state = 'available'
      AND b.available_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AND NOT EXISTS (
        SELECT 1 FROM queue_runs f
        WHERE f.job_type = b.job_type AND f.project_id = b.project_id AND f.key = ''
          AND f.key IS NOT NULL AND f.behind = 0 AND f.state IN ('available', 'running', 'retryable')
    ) AND NOT EXISTS (
        SELECT 1 FROM worker_runs r
        WHERE r.job_type = b.job_type AND r.project_id = b.project_id
          AND r.state IN ('available', 'running', 'retryable')
    )
) AS schedule_key_free, EXISTS (
    SELECT 1 FROM scheduled_jobs s
    WHERE s.status = 'active' AND s.enabled = 1 AND s.next_run_at IS NOT NULL
      AND s.next_run_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
      AND NOT EXISTS (
          SELECT 1 FROM worker_runs r
          WHERE r.job_type = s.job_type AND r.project_id = s.project_id
            AND r.state IN ('available', 'running', 'retryable')
      ) AND NOT EXISTS (
          SELECT 1 FROM queue_runs q
          WHERE q.job_type = s.job_type AND q.project_id = s.project_id AND q.key = ''
            AND q.key IS NOT NULL AND q.behind = 0 AND q.state IN ('available', 'running', 'retryable')
      )
) AS due, (SELECT min(id) FROM projects) AS first_project, (SELECT max(id) FROM projects) AS last_project
