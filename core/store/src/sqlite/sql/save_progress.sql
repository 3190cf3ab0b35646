-- ?1 id, ?2 progress
-- plan: sqlite_autoindex_worker_runs_1
UPDATE worker_runs SET progress = ?2 WHERE id = ?1
