-- Holds runs that this transaction has locked until the rates of their keys let them begin.
-- $1 ids uuid[], $2 until when timestamptz[], $3 rates text[]
-- plan: open_queue_runs_pkey
UPDATE open_queue_runs r
SET held_from = CASE WHEN r.held_until = r.available_at THEN r.held_from ELSE r.available_at END,
    available_at = h.until, held_until = h.until, held_by = h.rate
FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) AS h (id, until, rate)
WHERE r.id = h.id
