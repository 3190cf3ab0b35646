-- Every text of jobs.toml that came into force. Ids are 1, 2, 3, ... without a gap: two processes
-- that see one change at once want the same id, and one of them gets it.
CREATE TABLE config_history (
    id       INTEGER PRIMARY KEY,
    revision TEXT NOT NULL,
    at       TEXT NOT NULL,
    -- Who saved it in the browser and why; unknown for what was edited on disk.
    author   TEXT,
    comment  TEXT,
    origin   TEXT NOT NULL CHECK (origin IN ('ui', 'file')),
    text     TEXT NOT NULL
) STRICT;
CREATE INDEX config_history_by_revision ON config_history (revision, id);
