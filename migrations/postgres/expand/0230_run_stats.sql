-- Figures of runs by minute, in one row for each bucket of times that occurred. Each process writes rows of
-- its own, what it has counted in the minute so far: nobody waits for a row, and writing it again is harmless.
-- After two days the rows of an hour become one, whose source is ''.
CREATE TABLE run_stats (
    minute     timestamptz NOT NULL,
    job_type   text        NOT NULL,
    project_id uuid        NOT NULL,
    -- completed, failed, cancelled, wait; waiting and running, counted once a minute; samples of these.
    kind       text        NOT NULL,
    bucket     integer     NOT NULL,
    -- The process.
    source     text        NOT NULL,
    runs       bigint      NOT NULL,
    -- The times of these runs together.
    micros     bigint      NOT NULL,
    PRIMARY KEY (minute, job_type, project_id, kind, bucket, source)
);
CREATE INDEX run_stats_fine ON run_stats (minute, job_type) WHERE source <> '';

-- Workers that tell of themselves. Nothing depends on a row: leases stand elsewhere, and an older version has
-- none here.
CREATE TABLE worker_processes (
    name        text        NOT NULL PRIMARY KEY,
    version     text,
    host        text,
    pid         bigint,
    concurrency bigint,
    -- A JSON list of texts.
    plugins     text,
    started_at  timestamptz,
    seen_at     timestamptz NOT NULL,
    -- It is to take no more runs: since when, who said so, and when it heard of it.
    drain_at    timestamptz,
    drain_by    text,
    drain_seen_at timestamptz
);
