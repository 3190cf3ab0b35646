-- A row for each attempt that failed: the run itself keeps the latest error alone.
CREATE TABLE run_attempts (
    run_id     TEXT    NOT NULL,
    attempt    INTEGER NOT NULL,
    started_at TEXT,
    ended_at   TEXT    NOT NULL,
    error      TEXT    NOT NULL,
    worker     TEXT    NOT NULL,
    PRIMARY KEY (run_id, attempt)
) STRICT;
CREATE INDEX run_attempts_by_age ON run_attempts (ended_at);
