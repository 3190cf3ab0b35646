-- What job types that are programs of their own give out, for the view that jobs.toml describes.
CREATE TABLE program_rows (
    view       text        NOT NULL,
    project_id uuid        NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    row_key    text        NOT NULL,
    at         timestamptz NOT NULL,
    data       text        NOT NULL,
    PRIMARY KEY (view, project_id, row_key)
);
CREATE INDEX program_rows_by_age ON program_rows (view, project_id, at);
