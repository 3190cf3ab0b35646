-- Lets leased runs wait again. They are found and locked as by end_runs.sql, and for the same reasons.
-- $1 ids uuid[] in order, $2 attempts int[], $3 owners jsonb, $4 states jsonb, $5 errors jsonb,
-- $6 seconds to wait float8[] (NULL: keeps its place), $7 whether the attempt counts bool[], $8 whether
-- it is to be begun alone bool[]
-- plan: open_runs_pkey
UPDATE open_runs r
SET summary = NULL, lease_owner = NULL, lease_until = NULL, cancel_requested_at = NULL,
    (state, attempt, error, available_at, started_at, progress, loss_counts) = (
        SELECT q.again, r.attempt - CASE WHEN q.counts THEN 0 ELSE 1 END, coalesce(q.fault, r.error),
            CASE WHEN q.pause IS NULL THEN r.available_at ELSE now() + make_interval(secs => q.pause) END,
            CASE WHEN q.counts THEN r.started_at END,
            CASE WHEN q.counts THEN r.progress END,
            -- One that was to be begun alone and has not begun still is.
            CASE WHEN q.alone THEN false WHEN NOT q.counts THEN nullif(r.loss_counts, true) END
        FROM (
            SELECT $4::jsonb ->> (n.nth - 1) AS again, $5::jsonb ->> (n.nth - 1) AS fault, ($6::float8[])[n.nth] AS pause,
                ($7::bool[])[n.nth] AS counts, ($8::bool[])[n.nth] AS alone
            FROM (SELECT width_bucket(r.id, $1::uuid[]) AS nth) n
        ) q
    )
WHERE r.id = ANY($1::uuid[]) AND r.state || '' = 'running'
  AND r.attempt = ($2::int[])[width_bucket(r.id, $1)]
  AND r.lease_owner = $3::jsonb ->> (width_bucket(r.id, $1) - 1)
RETURNING width_bucket(r.id, $1) AS nth, date_trunc('milliseconds', clock_timestamp()) AS at
