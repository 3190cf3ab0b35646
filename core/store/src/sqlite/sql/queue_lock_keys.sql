-- The first run of a key that waits for a later time than a request goes behind it.
-- ?1 [[job, project, key, time or NULL for now, modifier of the date functions or NULL], ...]
-- plan: queue_runs_first
UPDATE queue_runs SET behind = 1
WHERE id IN (
    SELECT f.id FROM json_each(?1) w CROSS JOIN queue_runs f
        ON f.job_type = w.value ->> 0 AND f.project_id = w.value ->> 1 AND f.key = w.value ->> 2
    WHERE f.key IS NOT NULL AND f.behind = 0 AND f.state IN ('available', 'running', 'retryable')
      AND f.state = 'available' AND f.attempt = 0
      AND f.available_at > CASE
          WHEN w.value ->> 4 IS NULL
              THEN max(coalesce(w.value ->> 3, ''), strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
          ELSE strftime('%Y-%m-%dT%H:%M:%fZ',
              max(coalesce(w.value ->> 3, ''), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), w.value ->> 4)
      END
)
