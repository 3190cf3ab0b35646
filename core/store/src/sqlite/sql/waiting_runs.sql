-- Chooses runs that may start now, of up to ?2 projects behind the project ?1, the longest-waiting of each
-- first. Each step finds the next project through the index: the cost grows with what is chosen and not
-- with what waits. Leaves out runs whose job is paused, disabled, or no longer in jobs.toml.
-- ?1 project ('' for from the first on), ?2 projects, ?3 runs, ?4 {job type to leave out: seconds after which its runs
-- are not left out any more, or null for never, ...}, ?5 [project to leave out, ...]
-- plan: worker_runs_claimable, sqlite_autoindex_worker_runs_1, sqlite_autoindex_scheduled_jobs_2
WITH RECURSIVE step (project_id, nth) AS (
    VALUES (?1, 0)
    UNION ALL
    SELECT (
        SELECT n.project_id FROM worker_runs n
        WHERE n.state IN ('available', 'retryable') AND n.project_id > step.project_id
          AND n.available_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
          AND (n.job_type NOT IN (SELECT key FROM json_each(?4)) OR n.available_at <= strftime(
              '%Y-%m-%dT%H:%M:%fZ', 'now',
              '-' || (SELECT value FROM json_each(?4) WHERE key = n.job_type) || ' seconds'
          ))
          AND n.project_id NOT IN (SELECT value FROM json_each(?5))
          AND NOT EXISTS (
              SELECT 1 FROM scheduled_jobs s
              WHERE s.job_type = n.job_type AND s.project_id = n.project_id
                AND (s.status <> 'active' OR s.enabled = 0)
          )
        ORDER BY n.project_id LIMIT 1
    ), nth + 1
    FROM step WHERE project_id IS NOT NULL AND nth < ?2
), visited AS MATERIALIZED (
    SELECT project_id FROM step WHERE nth > 0 AND project_id IS NOT NULL
)
SELECT r.id, r.job_type, r.project_id, (SELECT count(*) FROM visited) AS visited,
    (SELECT max(project_id) FROM visited) AS reached
FROM visited p CROSS JOIN worker_runs r
WHERE r.id IN (
    SELECT n.id FROM worker_runs n
    WHERE n.project_id = p.project_id AND n.state IN ('available', 'retryable')
      AND n.available_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
      AND (n.job_type NOT IN (SELECT key FROM json_each(?4)) OR n.available_at <= strftime(
          '%Y-%m-%dT%H:%M:%fZ', 'now',
          '-' || (SELECT value FROM json_each(?4) WHERE key = n.job_type) || ' seconds'
      ))
      AND NOT EXISTS (
          SELECT 1 FROM scheduled_jobs s
          WHERE s.job_type = n.job_type AND s.project_id = n.project_id
            AND (s.status <> 'active' OR s.enabled = 0)
      )
    ORDER BY n.available_at, n.id
    LIMIT (SELECT (?3 + count(*) - 1) / count(*) FROM visited)
)
LIMIT ?3
