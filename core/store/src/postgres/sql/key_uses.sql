-- What has begun of the keys of these runs, which this transaction has locked, where the key has a rate: its own, or its
-- job's. The rows of the keys are locked in one order by all who claim, so that no two wait for each other; that is why a
-- transaction does this once. The clock is that of the moment at which a row is locked.
-- $1 ids uuid[]
-- plan: open_queue_runs_pkey, keyed_jobs_rated, key_begins_pkey
WITH wanted AS MATERIALIZED (
    SELECT r.id, r.job_type, r.project_id, coalesce(r.key, r.beside) AS key, r.rank,
        CASE WHEN r.held_until = r.available_at THEN r.held_from ELSE r.available_at END AS since,
        CASE WHEN v.rate IS NULL THEN j.rate ELSE v.rate END AS rate,
        CASE WHEN v.rate IS NULL THEN j.period_ms ELSE v.period_ms END AS period_ms
    FROM open_queue_runs r
        JOIN keyed_jobs j ON j.job_type = r.job_type AND j.rated
        LEFT JOIN key_values v ON v.job_type = r.job_type AND v.key = coalesce(r.key, r.beside)
    WHERE r.id = ANY($1) AND coalesce(r.key, r.beside) <> '' AND coalesce(v.rate, j.rate) IS NOT NULL
), locked AS (
    INSERT INTO key_begins AS b (job_type, project_id, key)
    SELECT DISTINCT job_type, project_id, key FROM wanted ORDER BY job_type, project_id, key
    ON CONFLICT (job_type, project_id, key) DO UPDATE SET begun = b.begun
    RETURNING b.job_type, b.project_id, b.key, b.begun,
        CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint) AS ms
)
SELECT w.id, w.job_type, w.project_id, w.key, w.rate, w.period_ms, l.begun, l.ms
FROM wanted w JOIN locked l ON l.job_type = w.job_type AND l.project_id = w.project_id AND l.key = w.key
ORDER BY w.rank, w.since, w.id
