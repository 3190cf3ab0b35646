-- $1 id uuid[], $2 schedule text[], $3 enabled bool[], $4 max_attempts int[], $5 concurrency int[],
-- $6 next_run_at timestamptz[]
-- plan: scheduled_jobs_pkey
-- The rows are locked already.
UPDATE scheduled_jobs s
SET schedule = n.schedule, enabled = n.enabled, max_attempts = n.max_attempts,
    concurrency = n.concurrency, next_run_at = n.next_run_at, updated_at = now()
FROM unnest($1::uuid[], $2::text[], $3::bool[], $4::int[], $5::int[], $6::timestamptz[])
    AS n (id, schedule, enabled, max_attempts, concurrency, next_run_at)
WHERE s.id = n.id
