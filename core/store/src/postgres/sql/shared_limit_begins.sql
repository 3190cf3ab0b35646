-- How many runs have begun under each rate within its period, and how long ago, the first of them first. What lies
-- more than a minute ahead was written before the clock was set back.
-- plan: none
WITH clock AS (SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint) AS ms)
SELECT b.name, b.runs, clock.ms - b.last_ms AS ago_ms
FROM clock CROSS JOIN shared_limits l JOIN shared_limit_begins b ON b.name = l.name
WHERE l.rate IS NOT NULL AND b.last_ms > clock.ms - l.period_ms AND b.last_ms <= clock.ms + 60000
ORDER BY b.name, b.last_ms
