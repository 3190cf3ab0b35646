-- A locked run that stays in its state.
-- $1 id uuid, $2 payload text, $3 whether its end is asked for bool
-- plan: open_runs_pkey
UPDATE open_runs SET payload = $2::json,
    cancel_requested_at = CASE WHEN $3 THEN coalesce(cancel_requested_at, now()) END
WHERE id = ANY(ARRAY(SELECT $1::uuid))
