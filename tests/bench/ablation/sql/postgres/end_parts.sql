-- Some runs of claims end, and claims that hold these alone. The worker knows the runs: their claims are marked
-- and not read.
-- $1 ids uuid[], $2 attempts int[], $3 jobs text[], $4 projects uuid[], $5 max_attempts int[],
-- $6 payloads text[], $7 queued timestamptz[], $8 started timestamptz[], $9 traces uuid[], $10 states text[],
-- $11 errors text[], $12 seconds since it began float8[], $13 heads of events text[], $14 claims uuid[],
-- $15 claims to mark uuid[], $16 their marks text[], $17 claims that end uuid[], $18 worker text,
-- $19 claims of which all is marked uuid[]
WITH clock AS MATERIALIZED (
    SELECT date_trunc('milliseconds', clock_timestamp()) AS at
), ends AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::uuid[], $5::int[], $6::text[],
        $7::timestamptz[], $8::timestamptz[], $9::uuid[], $10::text[], $11::text[], $12::float8[],
        $13::text[], $14::uuid[])
        WITH ORDINALITY AS e (id, attempt, job_type, project_id, max_attempts, payload, queued_at,
            started_at, trace_id, ended, fault, ran, head, claim, nth)
), marked AS (
    UPDATE claims c SET ended = c.ended | m.mark::bit(512)
    FROM unnest($15::uuid[], $16::text[]) AS m (id, mark)
    WHERE c.id = m.id AND c.owner = $18
      AND c.ended & m.mark::bit(512) = repeat('0', 512)::bit(512)
    RETURNING c.id
), alone AS (
    DELETE FROM claims c USING unnest($17::uuid[]) AS s (id) WHERE c.id = s.id AND c.owner = $18
    RETURNING c.id
), emptied AS (
    DELETE FROM claims WHERE id = ANY($19)
), fenced AS MATERIALIZED (
    SELECT id FROM marked UNION ALL SELECT id FROM alone
), gone AS MATERIALIZED (
    SELECT e.id, e.job_type, e.project_id, e.attempt, e.max_attempts, e.payload::json AS payload,
        e.queued_at AS available_at, e.queued_at, e.started_at, NULL::text AS error,
        NULL::json AS progress, e.trace_id, e.ended, e.fault, NULL::text AS said, e.ran, e.head, e.nth
    -- As a value, so that the planner hashes it.
    FROM ends e WHERE (e.claim IN (SELECT id FROM fenced)) IS TRUE
)
