-- Counts runs that begin under rates.
-- ?1 [[name, runs, milliseconds of the period], ...]
-- plan: none
INSERT INTO shared_limit_begins (name, piece_ms, last_ms, runs)
SELECT b.value ->> 0, clock.ms - clock.ms % ((b.value ->> 2) / 100), clock.ms, b.value ->> 1
FROM (SELECT CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) AS ms) clock
CROSS JOIN json_each(?1) b
WHERE true
ON CONFLICT (name, piece_ms) DO UPDATE
SET runs = shared_limit_begins.runs + excluded.runs, last_ms = excluded.last_ms
