-- What job types that are programs of their own give out, for the view that jobs.toml describes.
CREATE TABLE program_rows (
    view       TEXT NOT NULL,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    row_key    TEXT NOT NULL,
    at         TEXT NOT NULL,
    data       TEXT NOT NULL,
    PRIMARY KEY (view, project_id, row_key)
) WITHOUT ROWID;
CREATE INDEX program_rows_by_age ON program_rows (view, project_id, at);
