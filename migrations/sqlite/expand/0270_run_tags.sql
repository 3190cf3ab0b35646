-- Words by which runs are found, of those that callers asked for. What a job in jobs.toml gives to each of its runs is
-- not here.
CREATE TABLE run_tags (
    run_id     TEXT NOT NULL,
    tag        TEXT NOT NULL,
    project_id TEXT NOT NULL,
    PRIMARY KEY (run_id, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_tags_of_project ON run_tags (project_id, tag, run_id);
