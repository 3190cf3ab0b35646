-- In place of the rest of end_runs.sql and of ended_events.sql of the store: the ended row has its event's id.
, mine AS MATERIALIZED (
    SELECT lock_event_ids(), n FROM (SELECT count(*) AS n FROM gone) all_gone WHERE n > 0
), ids AS MATERIALIZED (
    SELECT setval('event_ids', nextval('event_ids') + n - 1) - n AS before FROM mine
), kept AS (
    INSERT INTO {ended} (
        id, job_type, project_id, state, attempt, max_attempts, payload, available_at, queued_at,
        started_at, finished_at, error, summary, progress, trace_id, event_id
    )
    SELECT g.id, g.job_type, g.project_id, g.ended, g.attempt, g.max_attempts, g.payload,
        g.available_at, g.queued_at,
        greatest(g.started_at,
            date_trunc('milliseconds', clock.at - make_interval(secs => g.ran))), clock.at,
        coalesce(g.fault, g.error), g.said, g.progress, g.trace_id,
        ids.before + row_number() OVER (ORDER BY g.nth)
    FROM ids, clock, gone g
    RETURNING 1
)
SELECT (SELECT count(*) FROM kept) AS ended
