-- Filters of the Runs screen that an account has saved under a name. The account is nil where nobody signs in, so it is
-- no foreign key; accounts are disabled, never deleted.
CREATE TABLE saved_views (
    id         TEXT    NOT NULL PRIMARY KEY,
    user_id    TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    -- The query string of the screen's address.
    search     TEXT    NOT NULL,
    -- Their order, from 1 up with gaps.
    position   BIGINT  NOT NULL,
    created_at TEXT    NOT NULL,
    UNIQUE (user_id, name)
);
