-- Counts runs that begin under rates, and removes what counts no more. Who claims within limits is alone.
-- $1 names text[], $2 runs int8[], $3 milliseconds of the period int8[]
-- plan: shared_limit_begins_pkey
WITH clock AS (
    SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint) AS ms
), begun AS (
    SELECT b.name, b.runs, b.period_ms, clock.ms
    FROM clock CROSS JOIN unnest($1::text[], $2::bigint[], $3::bigint[]) AS b (name, runs, period_ms)
), over AS (
    DELETE FROM shared_limit_begins o USING begun b
    WHERE o.name = b.name AND (o.last_ms <= b.ms - b.period_ms OR o.last_ms > b.ms + 60000)
)
INSERT INTO shared_limit_begins AS i (name, piece_ms, last_ms, runs)
SELECT b.name, b.ms - b.ms % (b.period_ms / 100), b.ms, b.runs FROM begun b
ON CONFLICT (name, piece_ms) DO UPDATE SET runs = i.runs + excluded.runs, last_ms = excluded.last_ms
