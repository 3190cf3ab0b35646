-- Limits that jobs share, as jobs.toml says. An older version knows none of them and claims past them; its own
-- limits hold for all.
CREATE TABLE shared_limits (
    name        text   NOT NULL PRIMARY KEY,
    -- Runs at a time.
    concurrency bigint,
    -- Runs that may begin in any such time.
    rate        bigint,
    period_ms   bigint
);

-- The jobs that name them. Where this has no row, no claim looks at the others.
CREATE TABLE shared_limit_jobs (
    job_type text NOT NULL,
    name     text NOT NULL,
    PRIMARY KEY (job_type, name)
);

-- How many runs have begun under a rate, in pieces of a hundredth of its period. A piece counts until the period
-- after the last of its runs is over, and is then removed.
CREATE TABLE shared_limit_begins (
    name     text   NOT NULL,
    -- When the piece begins, and when its last run has begun: milliseconds since 1970.
    piece_ms bigint NOT NULL,
    last_ms  bigint NOT NULL,
    runs     bigint NOT NULL,
    PRIMARY KEY (name, piece_ms)
);
