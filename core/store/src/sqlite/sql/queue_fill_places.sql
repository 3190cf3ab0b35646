-- Gives the lowest free place from 1 on of each key of these runs to its next run, in the order of queue_advance.sql,
-- where several runs of a key go at a time. It is to be repeated until it changes nothing.
-- ?1 [id, ...]
-- plan: sqlite_autoindex_run_requests_1, sqlite_autoindex_keyed_jobs_1, sqlite_autoindex_key_values_1, queue_runs_behind, queue_runs_beside
WITH RECURSIVE places (place) AS (
    SELECT 1 UNION ALL SELECT place + 1 FROM places WHERE place < 99
), keys AS MATERIALIZED (
    SELECT DISTINCT q.job_type, q.project_id, q.key, coalesce(v.runs_per_key, j.runs_per_key) AS most
    FROM run_requests q CROSS JOIN keyed_jobs j ON j.job_type = q.job_type
        LEFT JOIN key_values v ON v.job_type = q.job_type AND v.key = q.key
    WHERE EXISTS (SELECT 1 FROM keyed_jobs) AND q.run_id IN (SELECT value FROM json_each(?1)) AND q.key <> ''
      AND coalesce(v.runs_per_key, j.runs_per_key) > 1
), free AS MATERIALIZED (
    SELECT k.*, (
        SELECT min(p.place) FROM places p WHERE p.place < k.most AND NOT EXISTS (
            SELECT 1 FROM queue_runs t
            WHERE t.job_type = k.job_type AND t.project_id = k.project_id AND t.beside = k.key
              AND t.beside IS NOT NULL AND t.place = p.place
        )
    ) AS place
    FROM keys k
), next AS MATERIALIZED (
    -- Of those whose time has come, or else of all: each is the first in the index that fits.
    SELECT f.place, coalesce((
        SELECT b.id FROM queue_runs b
        WHERE b.job_type = f.job_type AND b.project_id = f.project_id AND b.key = f.key AND b.behind = 1
          AND b.state = 'available' AND b.available_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
        ORDER BY b.rank, b.available_at, b.id LIMIT 1
    ), (
        SELECT b.id FROM queue_runs b
        WHERE b.job_type = f.job_type AND b.project_id = f.project_id AND b.key = f.key AND b.behind = 1
          AND b.state = 'available'
        ORDER BY b.rank, b.available_at, b.id LIMIT 1
    )) AS id
    FROM free f WHERE f.place IS NOT NULL
)
UPDATE queue_runs SET behind = 0, beside = key, key = NULL, place = next.place
FROM next WHERE queue_runs.id = next.id
