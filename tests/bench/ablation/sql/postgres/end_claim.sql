-- All runs of a claim end: its row goes, and says what they were. `{columns}` are those of its runs.
-- $1 claim uuid, $2 worker text, and in the order of the claim $3 states text[], $4 errors text[],
-- $5 summaries text[], $6 seconds since it began float8[], $7 heads of events text[]
WITH clock AS MATERIALIZED (
    SELECT date_trunc('milliseconds', clock_timestamp()) AS at
), claim AS MATERIALIZED (
    DELETE FROM claims WHERE id = $1 AND owner = $2 RETURNING started_at AS began, runs
), gone AS MATERIALIZED (
    SELECT g.id, g.job_type, g.project_id, g.attempt + 1 AS attempt, g.max_attempts, g.payload,
        g.available_at, g.queued_at, claim.began AS started_at, g.error, g.progress, g.trace_id,
        g.ended, g.fault, g.said, g.ran, g.head, g.nth
    FROM claim CROSS JOIN LATERAL ROWS FROM (
        unnest(claim.runs), unnest($3::text[]), unnest($4::text[]), unnest($5::text[]),
        unnest($6::float8[]), unnest($7::text[])
    ) WITH ORDINALITY AS g ({columns}, ended, fault, said, ran, head, nth)
)
