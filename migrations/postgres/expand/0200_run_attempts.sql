-- A row for each attempt that failed: the run itself keeps the latest error alone.
CREATE TABLE run_attempts (
    run_id     uuid        NOT NULL,
    attempt    integer     NOT NULL,
    started_at timestamptz,
    ended_at   timestamptz NOT NULL,
    error      text        NOT NULL,
    worker     text        NOT NULL,
    PRIMARY KEY (run_id, attempt)
);
CREATE INDEX run_attempts_by_age ON run_attempts (ended_at);
