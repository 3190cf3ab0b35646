-- Every text of jobs.toml that came into force. Ids are 1, 2, 3, ... without a gap: two processes
-- that see one change at once want the same id, and one of them gets it.
CREATE TABLE config_history (
    id       bigint      PRIMARY KEY,
    revision text        NOT NULL,
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Who saved it in the browser and why; unknown for what was edited on disk.
    author   text,
    comment  text,
    origin   text        NOT NULL CHECK (origin IN ('ui', 'file')),
    text     text        NOT NULL
);
CREATE INDEX config_history_by_revision ON config_history (revision, id);
