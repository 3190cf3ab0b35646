-- What has begun of the keys of these runs, where the key has a rate: its own, or its job's.
-- ?1 [id, ...]
-- plan: sqlite_autoindex_queue_runs_1, sqlite_autoindex_keyed_jobs_1, sqlite_autoindex_key_values_1, sqlite_autoindex_key_begins_1
SELECT r.id, r.job_type, r.project_id, coalesce(r.key, r.beside) AS key, coalesce(b.begun, '[]') AS begun,
    CASE WHEN v.rate IS NULL THEN j.rate ELSE v.rate END AS rate,
    CASE WHEN v.rate IS NULL THEN j.period_ms ELSE v.period_ms END AS period_ms,
    CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) AS ms
FROM queue_runs r
    CROSS JOIN keyed_jobs j ON j.job_type = r.job_type
    LEFT JOIN key_values v ON v.job_type = r.job_type AND v.key = coalesce(r.key, r.beside)
    LEFT JOIN key_begins b
        ON b.job_type = r.job_type AND b.project_id = r.project_id AND b.key = coalesce(r.key, r.beside)
WHERE r.id IN (SELECT value FROM json_each(?1)) AND j.rated = 1
  AND coalesce(r.key, r.beside) <> '' AND coalesce(v.rate, j.rate) IS NOT NULL
ORDER BY r.rank, CASE WHEN r.held_until IS r.available_at THEN r.held_from ELSE r.available_at END, r.id
