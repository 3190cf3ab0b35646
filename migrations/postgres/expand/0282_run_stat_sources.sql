-- Which worker has written figures of runs: the source of its rows in run_stats. Rows older than two days have no
-- source any more, and neither have theirs here. An older version writes none.
CREATE TABLE run_stat_sources (
    source     text        NOT NULL PRIMARY KEY,
    -- As in worker_processes.
    worker     text        NOT NULL UNIQUE,
    host       text,
    pid        bigint,
    -- The latest minute that it has written of.
    written_at timestamptz NOT NULL
);
