-- A first run of a key that waits for a later time than a request goes behind it, unless the rate of its key holds it.
-- ?1 [[job, project, key, time or NULL for now, modifier of the date functions or NULL], ...]
-- plan: queue_runs_first, queue_runs_beside
WITH wanted AS MATERIALIZED (
    SELECT value ->> 0 AS job_type, value ->> 1 AS project_id, value ->> 2 AS key, CASE
        WHEN value ->> 4 IS NULL THEN max(coalesce(value ->> 3, ''), strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        ELSE strftime('%Y-%m-%dT%H:%M:%fZ',
            max(coalesce(value ->> 3, ''), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), value ->> 4)
    END AS due
    FROM json_each(?1)
)
UPDATE queue_runs SET behind = 1, key = coalesce(beside, key), beside = NULL, place = NULL
WHERE id IN (
    SELECT f.id FROM wanted w CROSS JOIN queue_runs f
        ON f.job_type = w.job_type AND f.project_id = w.project_id AND f.key = w.key
    WHERE f.key IS NOT NULL AND f.behind = 0 AND f.state IN ('available', 'running', 'retryable')
      AND f.state = 'available' AND f.attempt = 0 AND f.available_at > w.due
      AND f.held_until IS NOT f.available_at
    UNION ALL
    SELECT b.id FROM wanted w CROSS JOIN queue_runs b
        ON b.job_type = w.job_type AND b.project_id = w.project_id AND b.beside = w.key
    WHERE b.beside IS NOT NULL AND b.state = 'available' AND b.attempt = 0 AND b.available_at > w.due
      AND b.held_until IS NOT b.available_at
)
