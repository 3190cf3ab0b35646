-- Events, numbered in their order.
-- ?1 [[project, kind, payload, time], ...]
-- plan: none
INSERT INTO events (project_id, kind, payload, at)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?1) ORDER BY key
RETURNING id
