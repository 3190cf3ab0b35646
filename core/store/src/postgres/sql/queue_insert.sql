-- Makes runs that wait, with what was asked for. Of each key the run that may begin first is first, if none is; the
-- others are behind, and this transaction has the lock of the first: its end waits for the commit, and sees them. A run
-- of the schedule's key is behind the schedule's own, and until its time comes. Returns those that were made: where another
-- transaction has just made the first run of a key, or has the lock of what is first by now, nothing is, and that lock
-- is to be taken. `shares` says that several runs of its key go at a time: who has the turn of that needs no lock, and
-- queue_fill_places.sql follows.
-- $1 ids uuid[], $2 jobs text[], $3 projects uuid[], $4 max_attempts int[], $5 payloads text[],
-- $6 traces uuid[], $7 keys text[], $8 priorities int[], $9 times timestamptz[] (NULL: now),
-- $10 seconds to wait float8[], $11 args text[], $12 who asks text[],
-- $13 channel on which workers are told, or NULL text
-- plan: open_queue_runs_first, open_queue_runs_pkey, worker_runs_unfinished
WITH new AS MATERIALIZED (
    -- Those that may begin now have one time, and keep their order.
    SELECT n.*, due.at,
        row_number() OVER (PARTITION BY n.job_type, n.project_id, n.key ORDER BY due.at, n.nth) AS turn
    FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::int[], $5::text[], $6::uuid[], $7::text[],
            $8::int[], $9::timestamptz[], $10::float8[], $11::text[], $12::text[])
        WITH ORDINALITY AS n (id, job_type, project_id, max_attempts, payload, trace_id, key, priority,
            run_at, pause, args, asked_by, nth)
        CROSS JOIN LATERAL (
            SELECT greatest(coalesce(n.run_at, now()), now()) + make_interval(secs => coalesce(n.pause, 0)) AS at
        ) due
), first AS MATERIALIZED (
    -- Each key is looked for in the index, whatever the statistics say.
    SELECT n.job_type, n.project_id, n.key, f.id, n.key <> '' AND EXISTS (
        SELECT FROM keyed_jobs j WHERE j.job_type = n.job_type AND runs_of_key(n.job_type, n.key) > 1
    ) AS shared
    FROM new n CROSS JOIN LATERAL (
        SELECT f.id FROM open_queue_runs f
        WHERE f.job_type = n.job_type AND f.project_id = n.project_id AND f.key = n.key
          AND f.key IS NOT NULL AND NOT f.behind
        LIMIT 1
    ) f
    WHERE n.turn = 1 AND n.key IS NOT NULL
), locked AS MATERIALIZED (
    -- By a list of ids, as in end_runs.sql.
    SELECT r.id FROM open_queue_runs r
    WHERE r.id = ANY(ARRAY(SELECT first.id FROM first WHERE NOT first.shared)) AND NOT r.behind
    FOR UPDATE OF r SKIP LOCKED
), made AS (
    INSERT INTO open_queue_runs (
        id, job_type, project_id, state, max_attempts, payload, available_at, trace_id, key, rank, behind
    )
    SELECT n.id, n.job_type, n.project_id, 'available', n.max_attempts, n.payload::json, n.at,
        n.trace_id, n.key, 9 - n.priority, n.key IS NOT NULL AND (
            n.turn > 1
            OR n.key = '' AND n.at > now()
            OR f.id IS NOT NULL
            OR n.key = '' AND EXISTS (
                SELECT FROM open_runs r
                WHERE r.job_type = n.job_type AND r.project_id = n.project_id OFFSET 0
            )
        )
    FROM new n
        LEFT JOIN first f ON f.job_type = n.job_type AND f.project_id = n.project_id AND f.key = n.key
    WHERE f.id IS NULL OR f.shared OR f.id IN (SELECT locked.id FROM locked)
    ORDER BY n.nth
    ON CONFLICT (job_type, project_id, key) WHERE key IS NOT NULL AND NOT behind DO NOTHING
    RETURNING id, job_type, key
), asked AS (
    INSERT INTO run_requests (run_id, job_type, project_id, key, args, priority, run_at, asked_by)
    SELECT n.id, n.job_type, n.project_id, n.key, n.args, n.priority, n.run_at, n.asked_by
    FROM new n JOIN made USING (id)
)
SELECT id, CASE WHEN $13::text IS NOT NULL THEN pg_notify($13, 'look')::text END,
    coalesce(key <> '', false) AND EXISTS (
        SELECT FROM keyed_jobs j WHERE j.job_type = made.job_type AND runs_of_key(made.job_type, made.key) > 1
    ) AS shares
FROM made
