-- Lines of the logs of runs, in their order.
-- ?1 [[run, time, level, message, JSON of the fields or NULL], ...]
-- plan: none
INSERT INTO run_logs (run_id, at, level, message, fields)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4
FROM json_each(?1) ORDER BY key
