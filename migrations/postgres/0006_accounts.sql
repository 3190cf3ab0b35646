-- Who may see and do what. Secrets are kept as digests; nothing here opens a door by itself.
CREATE TABLE users (
    id            uuid        NOT NULL PRIMARY KEY,
    name          text        NOT NULL UNIQUE,
    -- Argon2id, as a PHC string; NULL for who signs in by a link or by OpenID Connect alone.
    password_hash text,
    -- Sees all projects, edits jobs.toml, manages users.
    admin         boolean     NOT NULL DEFAULT false,
    disabled      boolean     NOT NULL DEFAULT false,
    -- Who they are at an OpenID Connect provider.
    oidc_issuer   text,
    oidc_subject  text,
    created_at    timestamptz NOT NULL,
    UNIQUE (oidc_issuer, oidc_subject)
);

CREATE TABLE memberships (
    user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    role       text NOT NULL CHECK (role IN ('viewer', 'editor', 'owner')),
    PRIMARY KEY (user_id, project_id)
);

CREATE TABLE sessions (
    digest         text        NOT NULL PRIMARY KEY,
    user_id        uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    csrf_token     text        NOT NULL,
    active_project uuid        REFERENCES projects (id) ON DELETE SET NULL,
    created_at     timestamptz NOT NULL,
    -- Moves on while the session is used, up to `ends_at`.
    idle_at        timestamptz NOT NULL,
    ends_at        timestamptz NOT NULL
);
CREATE INDEX sessions_of_user ON sessions (user_id);

CREATE TABLE sign_in_links (
    digest     text        NOT NULL PRIMARY KEY,
    user_id    uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL
);

CREATE TABLE api_tokens (
    id         uuid        NOT NULL PRIMARY KEY,
    user_id    uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name       text        NOT NULL,
    digest     text        NOT NULL UNIQUE,
    -- At most this, whatever the user may do.
    role       text        NOT NULL CHECK (role IN ('viewer', 'editor', 'owner', 'admin')),
    project_id uuid        REFERENCES projects (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    UNIQUE (user_id, name)
);

-- Counts every change that may end what somebody sees; open streams look at it.
CREATE TABLE access_version (one integer NOT NULL PRIMARY KEY CHECK (one = 1), version bigint NOT NULL);
INSERT INTO access_version (one, version) VALUES (1, 1);

CREATE TABLE audit_log (
    seq        bigint      NOT NULL PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    at         timestamptz NOT NULL,
    -- Kept as it was then: the user may be gone.
    user_name  text        NOT NULL,
    action     text        NOT NULL,
    target     text        NOT NULL,
    project_id uuid,
    detail     text        NOT NULL,
    address    text
);
CREATE INDEX audit_log_of_project ON audit_log (project_id, seq);
CREATE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;
CREATE TRIGGER audit_log_keeps_rows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();
