-- What was chosen (choose_runs.sql), for a transaction that looks after limits.
-- plan: none
SELECT chosen.id, chosen.job_type, chosen.project_id,
    (SELECT count(*) FROM step WHERE nth > 0) AS visited,
    (SELECT project_id FROM step WHERE nth > 0 ORDER BY nth DESC LIMIT 1) AS reached
FROM (VALUES (1)) one LEFT JOIN chosen ON true
