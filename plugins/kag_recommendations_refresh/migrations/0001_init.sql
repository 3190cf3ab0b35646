CREATE TABLE kag_nodes (
    project_id text NOT NULL,
    id         text NOT NULL,
    kind       text NOT NULL,
    label      text NOT NULL,
    weight     double precision NOT NULL,
    PRIMARY KEY (project_id, id)
);
CREATE TABLE kag_edges (
    project_id text NOT NULL,
    source     text NOT NULL,
    target     text NOT NULL,
    kind       text NOT NULL,
    weight     double precision NOT NULL,
    PRIMARY KEY (project_id, source, target, kind)
);
CREATE TABLE kag_recommendations (
    project_id text NOT NULL,
    id         text NOT NULL,
    kind       text NOT NULL,
    subject    text NOT NULL,
    title      text NOT NULL,
    detail     text NOT NULL,
    score      double precision NOT NULL,
    evidence   text NOT NULL,
    updated_at text NOT NULL,
    PRIMARY KEY (project_id, id)
);
