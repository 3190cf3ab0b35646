-- Lets leased runs wait again.
-- $1 ids uuid[], $2 attempts int[], $3 owners text[], $4 states text[], $5 errors text[],
-- $6 seconds to wait float8[] (NULL: keeps its place), $7 whether the attempt counts bool[], $8 whether
-- it is to be begun alone bool[]
-- The state is an expression: of queues there is an index of leased runs, which the planner would look through for
-- each of them.
-- plan: open_runs_pkey
UPDATE open_runs r
SET state = q.again, attempt = r.attempt - CASE WHEN q.counts THEN 0 ELSE 1 END,
    error = coalesce(q.fault, r.error), summary = NULL, lease_owner = NULL, lease_until = NULL,
    cancel_requested_at = NULL,
    available_at = CASE WHEN q.pause IS NULL THEN r.available_at
                        ELSE now() + make_interval(secs => q.pause) END,
    started_at = CASE WHEN q.counts THEN r.started_at END,
    progress = CASE WHEN q.counts THEN r.progress END,
    -- One that was to be begun alone and has not begun still is.
    loss_counts = CASE WHEN q.alone THEN false WHEN NOT q.counts THEN nullif(r.loss_counts, true) END
FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::bool[],
        $8::bool[])
    WITH ORDINALITY AS q (id, attempt, owner, again, fault, pause, counts, alone, nth)
WHERE r.id = q.id AND r.attempt = q.attempt AND r.lease_owner = q.owner AND r.state || '' = 'running'
RETURNING q.nth, date_trunc('milliseconds', clock_timestamp()) AS at
