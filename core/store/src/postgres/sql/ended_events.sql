-- Follows end_runs.sql: an event with an id for each run that has ended, in the order in which they were told. The lock
-- on the ids comes after everything else, and the server commits without another round trip.
-- $9 kind text, $10 end of an event's text, $11 which of those that were told each is int[], from 0
-- plan: open_runs_pkey
, text AS MATERIALIZED (
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at FROM clock
), mine AS MATERIALIZED (
    SELECT lock_event_ids(), n FROM (SELECT count(*) AS n FROM kept) all_kept WHERE n > 0
), ids AS MATERIALIZED (
    SELECT setval('event_ids', nextval('event_ids') + n - 1) - n AS before FROM mine
), told AS (
    INSERT INTO events (id, project_id, kind, payload, at)
    SELECT ids.before + row_number() OVER (ORDER BY ($11::int[])[g.nth::int]), g.project_id, $9,
        (g.head || text.at || $10)::json, clock.at
    FROM ids, clock, text, gone g
    RETURNING id
)
SELECT (SELECT array_agg(($11::int[])[nth::int] ORDER BY ($11::int[])[nth::int]) FROM gone) AS places,
    (SELECT array_agg(id ORDER BY id) FROM told) AS ids, text.at
FROM text
