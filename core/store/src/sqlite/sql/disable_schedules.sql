-- ?1 job types json: [text], ?2 projects json: [id], ?3 now text
-- plan: sqlite_autoindex_scheduled_jobs_2
UPDATE scheduled_jobs SET enabled = 0, updated_at = ?3
WHERE enabled = 1 AND job_type IN (SELECT value FROM json_each(?1))
  AND project_id IN (SELECT value FROM json_each(?2))
