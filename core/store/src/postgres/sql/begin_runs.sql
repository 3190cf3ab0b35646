-- Makes runs that a worker has begun with, of schedules that this transaction has locked: each unless its job has an
-- unfinished run in its project, or something limits how many may run. As insert_runs.sql it waits for no transaction
-- that ends or takes a run. The row of the worker goes with it, as in take_runs.sql. The clock is that of this moment:
-- the transaction is older than the end that has led to these runs.
-- $1 ids uuid[], $2 jobs text[], $3 projects uuid[], $4 max_attempts int[], $5 payloads text[],
-- $6 traces uuid[], $7 worker text, $8 seconds of the lease float8
-- plan: worker_runs_unfinished, scheduled_jobs_limited, projects_pkey, workers_pkey
WITH clock AS MATERIALIZED (
    SELECT date_trunc('milliseconds', clock_timestamp()) AS at
), new AS MATERIALIZED (
    SELECT n.*, p.slug, p.name
    FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::int[], $5::text[], $6::uuid[])
            AS n (id, job_type, project_id, max_attempts, payload, trace_id)
        JOIN projects p ON p.id = n.project_id
        LEFT JOIN LATERAL (
            SELECT r.project_id FROM open_runs r
            WHERE r.job_type = n.job_type AND r.project_id >= n.project_id
            ORDER BY r.project_id LIMIT 1
        ) r ON r.project_id = n.project_id
    WHERE r.project_id IS NULL AND p.concurrency IS NULL AND NOT EXISTS (
        SELECT FROM scheduled_jobs s
        WHERE s.job_type = n.job_type AND s.concurrency IS NOT NULL
    ) AND NOT EXISTS (
        SELECT FROM shared_limit_jobs l WHERE l.job_type = n.job_type
    ) AND NOT EXISTS (
        SELECT FROM open_queue_runs q
        WHERE q.job_type = n.job_type AND q.project_id = n.project_id AND q.key = ''
          AND q.key IS NOT NULL AND NOT q.behind OFFSET 0
    )
), alive AS (
    INSERT INTO workers (owner, lease_until)
    SELECT $7, now() + make_interval(secs => $8) WHERE EXISTS (SELECT FROM new) AND NOT EXISTS (
        SELECT FROM workers WHERE owner = $7 AND lease_until > now() + make_interval(secs => $8 * 5 / 6)
    )
    ON CONFLICT (owner) DO UPDATE SET lease_until = excluded.lease_until
), begun AS (
    INSERT INTO open_runs (
        id, job_type, project_id, state, attempt, max_attempts, payload, trace_id, available_at, queued_at,
        started_at, lease_owner, lease_until
    )
    SELECT id, job_type, project_id, 'running', 1, max_attempts, payload::json, trace_id, at, at, at, $7,
        at + make_interval(secs => $8)
    FROM new, clock
    ON CONFLICT (job_type, project_id) DO NOTHING
    RETURNING *
)
SELECT b.id, b.job_type, b.project_id, new.slug, new.name, b.attempt, b.max_attempts, b.payload::text AS payload,
    b.trace_id, b.queued_at, b.started_at, false AS alone
FROM begun b JOIN new USING (id)
