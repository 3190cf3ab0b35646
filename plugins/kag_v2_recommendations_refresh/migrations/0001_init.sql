CREATE TABLE recommendations (
    project_id text NOT NULL,
    id         text NOT NULL,
    kind       text NOT NULL,
    subject    text NOT NULL,
    title      text NOT NULL,
    detail     text NOT NULL,
    score      double precision NOT NULL,
    -- From 1; what a person decided on keeps its last rank.
    rank       bigint NOT NULL,
    -- open, accepted or dismissed.
    status     text NOT NULL,
    evidence   text NOT NULL,
    created_at text NOT NULL,
    updated_at text NOT NULL,
    decided_at text,
    PRIMARY KEY (project_id, id)
);
CREATE INDEX recommendations_by_rank ON recommendations (project_id, status, rank);
