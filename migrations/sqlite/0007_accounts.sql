-- Who may see and do what. Secrets are kept as digests; nothing here opens a door by itself.
CREATE TABLE users (
    id            TEXT    NOT NULL PRIMARY KEY,
    name          TEXT    NOT NULL UNIQUE,
    -- Argon2id, as a PHC string; NULL for who signs in by a link or by OpenID Connect alone.
    password_hash TEXT,
    -- Sees all projects, edits jobs.toml, manages users.
    admin         BOOLEAN NOT NULL DEFAULT 0 CHECK (admin IN (0, 1)),
    disabled      BOOLEAN NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
    -- Who they are at an OpenID Connect provider.
    oidc_issuer   TEXT,
    oidc_subject  TEXT,
    created_at    TEXT    NOT NULL,
    UNIQUE (oidc_issuer, oidc_subject)
);

CREATE TABLE memberships (
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    role       TEXT NOT NULL CHECK (role IN ('viewer', 'editor', 'owner')),
    PRIMARY KEY (user_id, project_id)
);

CREATE TABLE sessions (
    digest         TEXT NOT NULL PRIMARY KEY,
    user_id        TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    csrf_token     TEXT NOT NULL,
    active_project TEXT REFERENCES projects (id) ON DELETE SET NULL,
    created_at     TEXT NOT NULL,
    -- Moves on while the session is used, up to `ends_at`.
    idle_at        TEXT NOT NULL,
    ends_at        TEXT NOT NULL
);
CREATE INDEX sessions_of_user ON sessions (user_id);

CREATE TABLE sign_in_links (
    digest     TEXT NOT NULL PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at TEXT NOT NULL
);

CREATE TABLE api_tokens (
    id         TEXT NOT NULL PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    digest     TEXT NOT NULL UNIQUE,
    -- At most this, whatever the user may do.
    role       TEXT NOT NULL CHECK (role IN ('viewer', 'editor', 'owner', 'admin')),
    project_id TEXT REFERENCES projects (id) ON DELETE CASCADE,
    created_at TEXT NOT NULL,
    expires_at TEXT,
    UNIQUE (user_id, name)
);

-- Counts every change that may end what somebody sees; open streams look at it.
CREATE TABLE access_version (one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1), version BIGINT NOT NULL);
INSERT INTO access_version (one, version) VALUES (1, 1);

CREATE TABLE audit_log (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    at         TEXT NOT NULL,
    -- Kept as it was then: the user may be gone.
    user_name  TEXT NOT NULL,
    action     TEXT NOT NULL,
    target     TEXT NOT NULL,
    project_id TEXT,
    detail     TEXT NOT NULL,
    address    TEXT
);
CREATE INDEX audit_log_of_project ON audit_log (project_id, seq);
CREATE TRIGGER audit_log_keeps_rows BEFORE DELETE ON audit_log
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_log_keeps_texts BEFORE UPDATE ON audit_log
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
