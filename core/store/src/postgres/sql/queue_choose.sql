-- Follows queue_heads.sql: up to $10 runs that may start now, of up to $11 projects, locked; those that another
-- transaction has locked are skipped. Within a project the highest priority comes first; jobs of one priority
-- share, in an order by chance, so that none waits for the whole queue of another. Of each job the search begins at its
-- head, before which this claim looks at none. What reads `chosen` and
-- `reached` follows: queue_found.sql or queue_take.sql. `heads` says in which of $5 to $7 something waits, by their numbers
-- from 1, and since when.
-- $10 runs int8, $11 projects int8
-- plan: open_queue_runs_claimable
, ready AS (
    SELECT h.*, count(*) OVER (PARTITION BY h.project_id, h.rank) AS peers,
        dense_rank() OVER (ORDER BY h.project_id) AS visit
    FROM head h WHERE h.available_at <= now() - h.stays
), visited AS MATERIALIZED (
    SELECT * FROM ready WHERE visit <= $11
), turns AS (
    SELECT project_id, ceil($10::float8 / count(*) OVER ()) AS share
    FROM (SELECT DISTINCT project_id FROM visited) p
), chosen AS MATERIALIZED (
    SELECT c.* FROM turns p CROSS JOIN LATERAL (
        SELECT r.id, r.job_type, r.project_id, r.at
        FROM (
            SELECT * FROM visited v WHERE v.project_id = p.project_id ORDER BY v.rank, random() OFFSET 0
        ) v CROSS JOIN LATERAL (
            SELECT r.id, r.job_type, r.project_id, r.ctid AS at FROM open_queue_runs r
            WHERE r.state <> 'running' AND NOT r.behind AND r.project_id = v.project_id
              AND r.job_type = v.job_type AND r.rank = v.rank AND r.available_at <= now()
              AND r.available_at <= now() - v.stays AND r.available_at >= v.available_at
            ORDER BY r.available_at, r.id LIMIT ceil(p.share / v.peers)
            FOR UPDATE SKIP LOCKED
        ) r
        LIMIT p.share
    ) c
    LIMIT $10
), reached AS (
    -- Where the walk was cut before it has found enough, there may be more behind the project that it has reached.
    SELECT
        CASE WHEN (SELECT count(*) FROM step) >= 2000 THEN $11
             ELSE (SELECT count(DISTINCT project_id) FROM visited) END AS visited,
        CASE WHEN (SELECT count(DISTINCT project_id) FROM visited) >= $11
             THEN (SELECT project_id FROM visited ORDER BY visit DESC LIMIT 1)
             ELSE (SELECT project_id FROM step ORDER BY project_id DESC LIMIT 1) END AS reached,
        least((SELECT min(available_at) FROM able), now()) AS oldest, now() AS began_at,
        (SELECT count(*) FROM step) < 2000 AS to_the_end,
        pg_stat_get_dead_tuples('open_queue_runs'::regclass) AS dead
), heads AS (
    SELECT array_agg(known ORDER BY known) AS known, array_agg(least(available_at, now()) ORDER BY known) AS since
    FROM step WHERE known IS NOT NULL
)
