-- Holds runs until the rates of their keys let them begin.
-- ?1 [[id, until when, rate], ...]
-- plan: sqlite_autoindex_queue_runs_1
UPDATE queue_runs
SET held_from = CASE WHEN held_until IS available_at THEN held_from ELSE available_at END,
    available_at = h.value ->> 1, held_until = h.value ->> 1, held_by = h.value ->> 2
FROM json_each(?1) h
WHERE queue_runs.id = h.value ->> 0
