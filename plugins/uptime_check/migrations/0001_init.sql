CREATE TABLE uptime_checks (
    run_id     text             NOT NULL,
    project_id text             NOT NULL,
    url        text             NOT NULL,
    at         text             NOT NULL,
    up         boolean          NOT NULL,
    status     integer,
    latency_ms double precision NOT NULL,
    error      text,
    PRIMARY KEY (run_id, url)
);
CREATE INDEX uptime_checks_by_time ON uptime_checks (project_id, at);
