-- Follows queue_choose.sql: what it has chosen and locked. The first row says in which of $5 to $7 something waits, by
-- their numbers from 1, and since when.
-- plan: open_queue_runs_claimable
SELECT chosen.id, chosen.job_type, chosen.project_id, reached.*,
    CASE WHEN row_number() OVER () = 1 THEN heads.known END AS known,
    CASE WHEN row_number() OVER () = 1 THEN heads.since END AS known_since
FROM reached CROSS JOIN heads LEFT JOIN chosen ON true
