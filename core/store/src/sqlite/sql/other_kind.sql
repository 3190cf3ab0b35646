-- Whether a run that has ended and is to wait again finds one of the other kind in its place: a run of a schedule, and the
-- first run that was asked for with the schedule's key, follow one another.
-- ?1 id
-- plan: sqlite_autoindex_worker_runs_1, queue_runs_first, sqlite_autoindex_run_requests_1, worker_runs_unfinished
SELECT EXISTS (
    SELECT 1 FROM worker_runs r JOIN queue_runs q ON q.job_type = r.job_type AND q.project_id = r.project_id
    WHERE r.id = ?1 AND q.key = '' AND q.key IS NOT NULL AND q.behind = 0
      AND q.state IN ('available', 'running', 'retryable')
) OR EXISTS (
    SELECT 1 FROM run_requests q JOIN worker_runs r ON r.job_type = q.job_type AND r.project_id = q.project_id
    WHERE q.run_id = ?1 AND q.key = '' AND r.state IN ('available', 'running', 'retryable')
)
