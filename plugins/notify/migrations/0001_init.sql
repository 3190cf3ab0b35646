-- What is broken: a row for each job of a cascade that has failed, or has recovered since.
CREATE TABLE notify_states (
    project_id text    NOT NULL,
    cascade    text    NOT NULL,
    job        text    NOT NULL,
    -- The key of its runs; empty for runs of the job's schedule.
    run_key    text    NOT NULL,
    broken     boolean NOT NULL,
    -- Whether people were told of it, or of another job of the cascade that broke before it.
    told       boolean NOT NULL,
    -- When it broke.
    since      text    NOT NULL,
    failures   bigint  NOT NULL,
    -- The run that failed or succeeded last, and when: what comes later and is older changes nothing.
    run_id     text    NOT NULL,
    changed_at text    NOT NULL,
    PRIMARY KEY (project_id, cascade, job, run_key)
);

-- Whom a run has told: another attempt of it tells them no second time.
CREATE TABLE notify_deliveries (
    run_id text NOT NULL,
    target text NOT NULL,
    at     text NOT NULL,
    PRIMARY KEY (run_id, target)
);
CREATE INDEX notify_deliveries_by_time ON notify_deliveries (at);
