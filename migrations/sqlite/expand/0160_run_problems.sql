-- What runs fail of, and where: written with the end of each failed run, so that nobody reads all runs
-- to know. A version that does not know these tables leaves its failures out.
CREATE TABLE run_problems (
    -- Of the error's text without its numbers: the same for all failures of one kind.
    fingerprint TEXT    NOT NULL,
    job_type    TEXT    NOT NULL,
    project_id  TEXT    NOT NULL,
    -- The newest error, shortened.
    error       TEXT    NOT NULL,
    -- The newest run.
    run_id      TEXT    NOT NULL,
    runs        INTEGER NOT NULL,
    first_seen  TEXT    NOT NULL,
    last_seen   TEXT    NOT NULL,
    -- What people said of it: not to be shown until then, and that it was dealt with then.
    muted_until TEXT,
    handled_at  TEXT,
    PRIMARY KEY (fingerprint, job_type, project_id)
) WITHOUT ROWID;
CREATE INDEX run_problems_newest ON run_problems (last_seen);

-- Failures by hour, for their trend.
CREATE TABLE run_problem_hours (
    fingerprint TEXT    NOT NULL,
    project_id  TEXT    NOT NULL,
    hour        TEXT    NOT NULL,
    runs        INTEGER NOT NULL,
    PRIMARY KEY (fingerprint, project_id, hour)
) WITHOUT ROWID;
CREATE INDEX run_problem_hours_oldest ON run_problem_hours (hour);
