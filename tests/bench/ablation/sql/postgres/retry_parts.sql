-- Runs of claims wait for their next attempt.
-- $1 ids uuid[], $2 attempts int[], $3 jobs text[], $4 projects uuid[], $5 max_attempts int[],
-- $6 payloads text[], $7 queued timestamptz[], $8 started timestamptz[], $9 traces uuid[],
-- $10 errors text[], $11 seconds to wait float8[], $12 claims uuid[], $13 marks text[], $14 worker text
WITH again AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::uuid[], $5::int[], $6::text[],
        $7::timestamptz[], $8::timestamptz[], $9::uuid[], $10::text[], $11::float8[])
        AS e (id, attempt, job_type, project_id, max_attempts, payload, queued_at, started_at,
            trace_id, error, pause)
), marked AS (
    UPDATE claims c SET ended = c.ended | m.mark::bit(512)
    FROM unnest($12::uuid[], $13::text[]) AS m (id, mark)
    WHERE c.id = m.id AND c.owner = $14
      AND c.ended & m.mark::bit(512) = repeat('0', 512)::bit(512)
    RETURNING c.id
)
INSERT INTO open_queue_runs (id, job_type, project_id, state, attempt, max_attempts, payload, available_at,
    queued_at, started_at, error, trace_id)
SELECT id, job_type, project_id, 'retryable', attempt, max_attempts, payload::json,
    now() + make_interval(secs => pause), queued_at, started_at, error, trace_id
FROM again WHERE EXISTS (SELECT FROM marked)
