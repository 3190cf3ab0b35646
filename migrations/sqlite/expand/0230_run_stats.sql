-- Figures of runs by minute, in one row for each bucket of times that occurred. Each process writes rows of
-- its own, what it has counted in the minute so far: nobody waits for a row, and writing it again is harmless.
-- After two days the rows of an hour become one, whose source is ''.
CREATE TABLE run_stats (
    minute     TEXT    NOT NULL,
    job_type   TEXT    NOT NULL,
    project_id TEXT    NOT NULL,
    -- completed, failed, cancelled, wait; waiting and running, counted once a minute; samples of these.
    kind       TEXT    NOT NULL,
    bucket     INTEGER NOT NULL,
    -- The process.
    source     TEXT    NOT NULL,
    runs       INTEGER NOT NULL,
    -- The times of these runs together.
    micros     INTEGER NOT NULL,
    PRIMARY KEY (minute, job_type, project_id, kind, bucket, source)
) WITHOUT ROWID;
CREATE INDEX run_stats_fine ON run_stats (minute, job_type) WHERE source <> '';

-- Workers that tell of themselves. Nothing depends on a row: leases stand elsewhere, and an older version has
-- none here.
CREATE TABLE worker_processes (
    name        TEXT    NOT NULL PRIMARY KEY,
    version     TEXT,
    host        TEXT,
    pid         INTEGER,
    concurrency INTEGER,
    -- A JSON list of texts.
    plugins     TEXT,
    started_at  TEXT,
    seen_at     TEXT    NOT NULL,
    -- It is to take no more runs: since when, who said so, and when it heard of it.
    drain_at    TEXT,
    drain_by    TEXT,
    drain_seen_at TEXT
) WITHOUT ROWID;
