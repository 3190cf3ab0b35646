-- Events of a transaction that goes on for a while: `number_events` gives them ids once it is committed.
-- $1 projects uuid[], $2 kinds text[], $3 payloads text[], $4 times timestamptz[]
-- plan: none
INSERT INTO pending_events (project_id, kind, payload, at)
-- By way of text: the driver's own JSON is jsonb, which would order the keys again.
SELECT project, kind, payload::json, at
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) AS e (project, kind, payload, at)
