-- Follows queue_heads.sql: up to ?4 runs that may start now, of up to ?5 projects. Within a project the highest
-- priority comes first; jobs of one priority share, in an order by chance, so that none waits for the whole
-- queue of another.
-- ?4 runs, ?5 projects
-- plan: queue_runs_claimable
, ready AS (
    SELECT h.*, dense_rank() OVER (ORDER BY h.project_id) AS visit
    FROM head h
    WHERE h.available_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || h.stays || ' seconds')
), visited AS MATERIALIZED (
    SELECT *, random() AS chance FROM ready WHERE visit <= ?5
), size AS MATERIALIZED (
    SELECT count(DISTINCT project_id) AS projects, (SELECT count(*) FROM step) AS steps FROM visited
), waiting AS MATERIALIZED (
    SELECT r.id, r.job_type, r.project_id, v.rank, v.chance, row_number() OVER (
        PARTITION BY v.project_id, v.job_type, v.rank ORDER BY r.available_at, r.id
    ) AS nth
    FROM visited v CROSS JOIN queue_runs r
    WHERE r.id IN (
        SELECT q.id FROM queue_runs q
        WHERE q.state IN ('available', 'retryable') AND q.behind = 0 AND q.project_id = v.project_id
          AND q.job_type = v.job_type AND q.rank = v.rank
          AND q.available_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || v.stays || ' seconds')
        ORDER BY q.available_at, q.id LIMIT (SELECT (?4 + projects - 1) / projects FROM size)
    )
), found AS MATERIALIZED (
    SELECT *, row_number() OVER (PARTITION BY project_id ORDER BY rank, nth, chance) AS turn FROM waiting
)
SELECT f.id, f.job_type, f.project_id,
    CASE WHEN size.steps >= 2000 THEN ?5 ELSE size.projects END AS visited,
    CASE WHEN size.projects >= ?5 THEN (SELECT max(project_id) FROM visited)
         ELSE (SELECT max(project_id) FROM step) END AS reached
FROM size LEFT JOIN found f ON f.turn <= (SELECT (?4 + projects - 1) / projects FROM size)
LIMIT ?4
