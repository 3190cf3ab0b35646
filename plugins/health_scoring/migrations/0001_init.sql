-- factors: JSON, what the score is made of, so that a screen can explain it.
CREATE TABLE health_scores (
    project_id text NOT NULL,
    run_id text NOT NULL,
    score double precision NOT NULL,
    factors text NOT NULL,
    scored_at text NOT NULL,
    PRIMARY KEY (project_id, run_id)
);

CREATE INDEX health_scores_by_time ON health_scores (project_id, scored_at);
