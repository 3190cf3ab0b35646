-- Moves leased runs to those that have ended, locked in the order of their ids, as by a renewal of their
-- leases. What reads `gone` and `clock` follows: what the database knows of them (ended_rows.sql), or
-- their events with ids (ended_events.sql).
-- $1 ids uuid[], $2 attempts int[], $3 owners text[], $4 states text[], $5 errors text[],
-- $6 summaries text[], $7 seconds since it began float8[], $8 heads of events text[]
-- The state is an expression: of queues there is an index of leased runs, which the planner would look through for
-- each of them.
-- plan: open_runs_pkey
WITH ends AS (
    SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[],
        $7::float8[], $8::text[])
        WITH ORDINALITY AS e (id, attempt, owner, ended, fault, said, ran, head, nth)
    ORDER BY id
), clock AS MATERIALIZED (
    SELECT date_trunc('milliseconds', clock_timestamp()) AS at
), gone AS (
    DELETE FROM open_runs r USING ends e
    WHERE r.id = e.id AND r.attempt = e.attempt AND r.lease_owner = e.owner AND r.state || '' = 'running'
    RETURNING r.*, e.ended, e.fault, e.said, e.ran, e.head, e.nth
), kept AS (
    INSERT INTO ended_runs (
        id, job_type, project_id, state, attempt, max_attempts, payload, available_at, lease_owner,
        lease_until, cancel_requested_at, queued_at, started_at, finished_at, error, summary,
        progress, trace_id
    )
    SELECT g.id, g.job_type, g.project_id, g.ended, g.attempt, g.max_attempts, g.payload,
        g.available_at, NULL, NULL, NULL, g.queued_at,
        -- NULL seconds leave the start as it is: `greatest` ignores NULL.
        greatest(g.started_at,
            date_trunc('milliseconds', clock.at - make_interval(secs => g.ran))), clock.at,
        coalesce(g.fault, g.error), g.said, g.progress, g.trace_id
    FROM gone g, clock
    RETURNING 1
)
