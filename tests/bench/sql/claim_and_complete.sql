-- runs: 500
-- The statements of core/src/store/postgres: one claim and one completion of 500 runs, with nothing
-- between them. The rotation of projects goes on where the claim before ended, as the worker's does.
-- (A colon before a letter would be a variable of pgbench.)
SELECT set_config('enable_seqscan', 'off', false), set_config('enable_hashjoin', 'off', false),
    set_config('enable_mergejoin', 'off', false), set_config('jit', 'off', false),
    set_config('plan_cache_mode', 'force_generic_plan', false);
WITH RECURSIVE step AS (
    (SELECT n.project_id, 1 AS nth FROM (
         SELECT project_id, state, available_at FROM open_runs
         WHERE project_id > coalesce(nullif(current_setting('bench.behind', true), ''),
             '00000000-0000-0000-0000-000000000000')::uuid
         ORDER BY project_id, available_at, id LIMIT 1000
     ) n
     WHERE n.state <> 'running' AND n.available_at <= now() ORDER BY n.project_id LIMIT 1)
    UNION ALL
    SELECT n.project_id, step.nth + 1 FROM step CROSS JOIN LATERAL (
        SELECT n.project_id FROM (
            SELECT project_id, state, available_at FROM open_runs
            WHERE project_id > step.project_id
            ORDER BY project_id, available_at, id LIMIT 1000
        ) n
        WHERE n.state <> 'running' AND n.available_at <= now() ORDER BY n.project_id LIMIT 1
    ) n
    WHERE step.nth < 72
), chosen AS MATERIALIZED (
    SELECT c.id FROM step CROSS JOIN LATERAL (
        SELECT r.id FROM open_runs r
        WHERE r.project_id = step.project_id AND r.state <> 'running' AND r.available_at <= now()
        ORDER BY r.available_at, r.id
        LIMIT ceil(500.0 / (SELECT count(*) FROM step))
        FOR UPDATE SKIP LOCKED
    ) c
    LIMIT 500
), held AS (
    UPDATE open_runs r
    SET state = 'running', attempt = r.attempt + 1, lease_owner = 'client ' || :client_id::text,
        lease_until = now() + interval '30 s', started_at = date_trunc('milliseconds', now()),
        finished_at = NULL, progress = NULL
    FROM chosen WHERE r.id = chosen.id
    RETURNING r.id, r.project_id
)
SELECT coalesce(array_agg(id), '{}') AS ids,
    set_config('bench.behind', coalesce(max(project_id::text), ''), false) AS behind
FROM held \gset
WITH clock AS MATERIALIZED (
    SELECT date_trunc('milliseconds', clock_timestamp()) AS at
), text AS MATERIALIZED (
    SELECT to_char(at AT TIME ZONE 'UTC', replace('YYYY-MM-DD"T"HH24.MI.SS,MS"Z"', '.', chr(58))) AS at FROM clock
), gone AS (
    DELETE FROM open_runs r USING unnest(:ids::uuid[]) AS d (id)
    WHERE r.id = d.id AND r.lease_owner = 'client ' || :client_id::text AND r.state = 'running'
    RETURNING r.*
), kept AS (
    INSERT INTO ended_runs
    SELECT g.id, g.job_type, g.project_id, 'completed', g.attempt, g.max_attempts, g.payload,
        g.available_at, NULL, NULL, NULL, g.queued_at, g.started_at, clock.at, g.error, NULL,
        g.progress, g.trace_id
    FROM gone g, clock
    RETURNING 1
), mine AS MATERIALIZED (
    SELECT lock_event_ids() FROM (SELECT count(*) FROM kept) all_kept
), told AS (
    INSERT INTO events (id, project_id, kind, payload, at)
    SELECT nextval('event_ids'), g.project_id, 'job_completed',
        ('{"job_type":"' || g.job_type || '","project_id":"' || g.project_id
            || '","status":"ok","at":"' || text.at || '"}')::json, clock.at
    FROM mine, clock, text, gone g
    RETURNING id
)
SELECT array_agg(id) FROM told;
