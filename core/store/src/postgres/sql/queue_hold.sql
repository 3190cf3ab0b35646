-- Holds runs that this transaction has locked until the rates of their keys let them begin.
-- They are found by their ids as by end_runs.sql.
-- $1 ids uuid[] in order, $2 until when timestamptz[], $3 rates text[]
-- plan: open_queue_runs_pkey
UPDATE open_queue_runs r
SET held_from = CASE WHEN r.held_until = r.available_at THEN r.held_from ELSE r.available_at END,
    available_at = ($2::timestamptz[])[width_bucket(r.id, $1)], held_until = ($2::timestamptz[])[width_bucket(r.id, $1)],
    held_by = ($3::text[])[width_bucket(r.id, $1)]
WHERE r.id = ANY($1::uuid[])
