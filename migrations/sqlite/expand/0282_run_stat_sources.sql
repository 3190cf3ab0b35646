-- Which worker has written figures of runs: the source of its rows in run_stats. Rows older than two days have no
-- source any more, and neither have theirs here. An older version writes none.
CREATE TABLE run_stat_sources (
    source     TEXT        NOT NULL PRIMARY KEY,
    -- As in worker_processes.
    worker     TEXT        NOT NULL UNIQUE,
    host       TEXT,
    pid        INTEGER,
    -- The latest minute that it has written of.
    written_at TEXT        NOT NULL
);
