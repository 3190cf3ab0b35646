-- Tokens of applications that only ask for runs of one job. Not among api_tokens: a version that does not know of the
-- limit would take such a token for one that may do all that its user may.
CREATE TABLE enqueue_tokens (
    id         TEXT NOT NULL PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    digest     TEXT NOT NULL UNIQUE,
    job_type   TEXT NOT NULL,
    project_id TEXT REFERENCES projects (id) ON DELETE CASCADE,
    created_at TEXT NOT NULL,
    expires_at TEXT,
    UNIQUE (user_id, name)
);
