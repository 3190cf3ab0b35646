-- Follows end_runs.sql: an event with an id for each run that has ended. The lock on the ids comes after
-- everything else, and the server commits without another round trip.
-- $9 kind text, $10 end of an event's text
-- plan: open_runs_pkey
, text AS MATERIALIZED (
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at FROM clock
), mine AS MATERIALIZED (
    SELECT lock_event_ids(), n FROM (SELECT count(*) AS n FROM kept) all_kept WHERE n > 0
), ids AS MATERIALIZED (
    SELECT setval('event_ids', nextval('event_ids') + n - 1) - n AS before FROM mine
), told AS (
    INSERT INTO events (id, project_id, kind, payload, at)
    SELECT ids.before + row_number() OVER (ORDER BY g.nth), g.project_id, $9,
        (g.head || text.at || $10)::json, clock.at
    FROM ids, clock, text, gone g
    RETURNING id
)
SELECT (SELECT array_agg(nth ORDER BY nth) FROM gone) AS nths,
    (SELECT array_agg(id ORDER BY id) FROM told) AS ids, text.at
FROM text
