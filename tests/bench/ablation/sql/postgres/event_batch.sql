-- In place of ended_events.sql of the store: one row for the events of a commit. The lock is taken last, over
-- one small insert.
, told AS MATERIALIZED (
    SELECT count(*) AS n, array_agg(g.project_id) AS projects, array_agg(g.job_type) AS jobs,
        array_agg(g.ended = 'completed') AS oks
    FROM gone g
), mine AS MATERIALIZED (
    SELECT lock_event_ids(), n FROM (SELECT count(*) AS n FROM kept) all_kept WHERE n > 0
), batch AS (
    INSERT INTO event_batches (first_id, at, projects, jobs, oks)
    SELECT setval('event_ids', nextval('event_ids') + mine.n - 1) - mine.n + 1, clock.at, told.projects,
        told.jobs, told.oks
    FROM mine, told, clock
    RETURNING first_id
)
SELECT (SELECT n FROM mine) AS ended, (SELECT first_id FROM batch)
