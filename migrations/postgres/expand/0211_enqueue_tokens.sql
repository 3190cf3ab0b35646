-- Tokens of applications that only ask for runs of one job. Not among api_tokens: a version that does not know of the
-- limit would take such a token for one that may do all that its user may.
CREATE TABLE enqueue_tokens (
    id         uuid NOT NULL PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name       text NOT NULL,
    digest     text NOT NULL UNIQUE,
    job_type   text NOT NULL,
    project_id uuid REFERENCES projects (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    UNIQUE (user_id, name)
);
