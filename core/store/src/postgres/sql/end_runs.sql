-- Moves leased runs to those that have ended. What reads `gone` and `clock` follows: what the database knows of them
-- (ended_rows.sql), or their events with ids (ended_events.sql).
-- The ids are in order, and `nth` is the place of a run among them: the database searches for it in the list. A join
-- with the list could be planned as a walk through the table: see PLANS in mod.rs.
-- Runs are locked in the order of the index, which is that of their ids, as by a renewal of their leases.
-- Texts come as arrays of jsonb: to get to an element of text[] PostgreSQL goes past all before it.
-- $1 ids uuid[] in order, $2 attempts int[], $3 owners jsonb, $4 states jsonb, $5 errors jsonb,
-- $6 summaries jsonb, $7 seconds since it began float8[], $8 heads of events jsonb
-- The state is an expression: of queues there is an index of leased runs, which the planner would look through for
-- each of them.
-- plan: open_runs_pkey
WITH clock AS MATERIALIZED (
    SELECT date_trunc('milliseconds', clock_timestamp()) AS at
), taken AS (
    DELETE FROM open_runs r
    WHERE r.id = ANY($1::uuid[]) AND r.state || '' = 'running'
      AND r.attempt = ($2::int[])[width_bucket(r.id, $1)]
      AND r.lease_owner = $3::jsonb ->> (width_bucket(r.id, $1) - 1)
    RETURNING r.*, width_bucket(r.id, $1) AS nth
), gone AS (
    SELECT t.*, $4::jsonb ->> (nth - 1) AS ended, $5::jsonb ->> (nth - 1) AS fault, $6::jsonb ->> (nth - 1) AS said,
        ($7::float8[])[nth] AS ran, $8::jsonb ->> (nth - 1) AS head
    FROM taken t
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
