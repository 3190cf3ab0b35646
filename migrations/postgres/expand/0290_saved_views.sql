-- Filters of the Runs screen that an account has saved under a name. The account is nil where nobody signs in, so it is
-- no foreign key; accounts are disabled, never deleted.
CREATE TABLE saved_views (
    id         uuid        NOT NULL PRIMARY KEY,
    user_id    uuid        NOT NULL,
    name       text        NOT NULL,
    -- The query string of the screen's address.
    search     text        NOT NULL,
    -- Their order, from 1 up with gaps.
    position   bigint      NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (user_id, name)
);
