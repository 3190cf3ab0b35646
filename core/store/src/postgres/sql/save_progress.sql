-- $1 id uuid, $2 progress json
-- plan: open_runs_pkey
UPDATE open_runs SET progress = $2 WHERE id = $1
