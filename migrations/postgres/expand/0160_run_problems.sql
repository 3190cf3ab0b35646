-- What runs fail of, and where: written with the end of each failed run, so that nobody reads all runs
-- to know. A version that does not know these tables leaves its failures out.
CREATE TABLE run_problems (
    -- Of the error's text without its numbers: the same for all failures of one kind.
    fingerprint text        NOT NULL,
    job_type    text        NOT NULL,
    project_id  uuid        NOT NULL,
    -- The newest error, shortened.
    error       text        NOT NULL,
    -- The newest run.
    run_id      uuid        NOT NULL,
    runs        bigint      NOT NULL,
    first_seen  timestamptz NOT NULL,
    last_seen   timestamptz NOT NULL,
    -- What people said of it: not to be shown until then, and that it was dealt with then.
    muted_until timestamptz,
    handled_at  timestamptz,
    PRIMARY KEY (fingerprint, job_type, project_id)
);
CREATE INDEX run_problems_newest ON run_problems (last_seen);

-- Failures by hour, for their trend.
CREATE TABLE run_problem_hours (
    fingerprint text        NOT NULL,
    project_id  uuid        NOT NULL,
    hour        timestamptz NOT NULL,
    runs        bigint      NOT NULL,
    PRIMARY KEY (fingerprint, project_id, hour)
);
CREATE INDEX run_problem_hours_oldest ON run_problem_hours (hour);
