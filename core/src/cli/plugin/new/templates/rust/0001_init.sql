CREATE TABLE {{name}}_rows (
    run_id     text NOT NULL PRIMARY KEY,
    project_id text NOT NULL,
    at         text NOT NULL,
    message    text NOT NULL
);
CREATE INDEX {{name}}_rows_by_time ON {{name}}_rows (project_id, at);
