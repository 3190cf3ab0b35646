-- $1 id uuid, $2 progress json
-- plan: open_runs_pkey
UPDATE open_runs SET progress = $2 WHERE id = ANY(ARRAY(SELECT $1::uuid))
