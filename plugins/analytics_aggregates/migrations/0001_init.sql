CREATE TABLE analytics_daily (
    project_id      text NOT NULL,
    -- YYYY-MM-DD, UTC.
    day             text NOT NULL,
    messages        bigint NOT NULL,
    signals         bigint NOT NULL,
    -- JSON: kind to count.
    signals_by_kind text NOT NULL,
    -- The last score of the day.
    health_score    double precision,
    updated_at      text NOT NULL,
    PRIMARY KEY (project_id, day)
);
