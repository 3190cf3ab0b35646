-- Locks the first run of each key, and a run that is to end in this transaction, in the order of ids as by
-- renewals and ends. With $7 a first run that waits for a later time than the request goes behind it, unless the rate of
-- its key holds it. Keys of which several runs go at a time are left to queue_lock_places.sql; whether there are any is
-- what this returns.
-- $1 jobs text[], $2 projects uuid[], $3 keys text[], $4 times of the requests timestamptz[] (NULL: now),
-- $5 seconds that each waits from then on float8[], $6 the run that is to end uuid (NULL: none),
-- $7 whether runs that wait for a later time go behind bool
-- plan: open_queue_runs_first, open_queue_runs_pkey
WITH wanted AS (
    SELECT w.job_type, w.project_id, w.key, w.key <> '' AND EXISTS (
        SELECT FROM keyed_jobs j WHERE j.job_type = w.job_type AND runs_of_key(w.job_type, w.key) > 1
    ) AS shared, greatest(coalesce(w.at, now()), now()) + make_interval(secs => coalesce(w.pause, 0)) AS due
    FROM unnest($1::text[], $2::uuid[], $3::text[], $4::timestamptz[], $5::float8[])
        AS w (job_type, project_id, key, at, pause)
), first AS MATERIALIZED (
    SELECT f.id, $7 AND bool_or(f.available_at > w.due AND f.held_until IS DISTINCT FROM f.available_at) AS later
    FROM wanted w CROSS JOIN LATERAL (
        SELECT f.id, f.available_at, f.held_until FROM open_queue_runs f
        WHERE f.job_type = w.job_type AND f.project_id = w.project_id AND f.key = w.key
          AND f.key IS NOT NULL AND NOT f.behind OFFSET 0
    ) f
    WHERE NOT w.shared GROUP BY f.id
    UNION ALL
    SELECT $6, false WHERE $6 IS NOT NULL
), locked AS MATERIALIZED (
    -- By a list of ids, as in end_runs.sql.
    SELECT r.id, r.state = 'available' AND r.attempt = 0
        AND r.id = ANY(ARRAY(SELECT first.id FROM first WHERE first.later)) AS later
    FROM open_queue_runs r
    WHERE r.id = ANY(ARRAY(SELECT first.id FROM first))
    ORDER BY r.id FOR UPDATE OF r
), put_behind AS (
    UPDATE open_queue_runs r SET behind = true
    WHERE r.id = ANY(ARRAY(SELECT locked.id FROM locked WHERE locked.later))
)
SELECT coalesce(bool_or(shared), false) AS shared FROM wanted
