-- Stores schedules that this transaction has locked.
-- $1 ids uuid[], $2 statuses text[], $3 due times timestamptz[], $4 payloads text[]
-- plan: scheduled_jobs_pkey
UPDATE scheduled_jobs s
SET status = t.status, next_run_at = t.due, payload = t.payload::json, updated_at = now()
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[]) AS t (id, status, due, payload)
WHERE s.id = t.id
