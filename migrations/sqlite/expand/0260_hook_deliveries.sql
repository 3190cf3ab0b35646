-- What was sent to hooks, and what became of it. A delivery that makes a run is written in the transaction that
-- makes it: the same one, sent again, finds its row and makes no second run.
CREATE TABLE hook_deliveries (
    id          TEXT NOT NULL PRIMARY KEY,
    hook        TEXT NOT NULL,
    -- What tells it apart from others of the hook: what the sender calls it, or a digest.
    identity    TEXT NOT NULL,
    -- The project that it is of, if it says one that there is.
    project_id  TEXT,
    -- When it came: the last time, until a run is made of it.
    received_at TEXT NOT NULL,
    address     TEXT,
    -- run, ignored or refused.
    outcome     TEXT NOT NULL,
    reason      TEXT,
    run_id      TEXT,
    -- How often it came.
    times       INTEGER NOT NULL,
    -- A JSON object of those that may be shown.
    headers     TEXT NOT NULL,
    -- How long the body was; one that was too long is not kept.
    bytes       INTEGER NOT NULL,
    body        TEXT,
    -- The delivery that somebody had repeated, and who.
    replay_of   TEXT,
    replayed_by TEXT,
    UNIQUE (hook, identity)
);
CREATE INDEX hook_deliveries_by_hook ON hook_deliveries (hook, id);
CREATE INDEX hook_deliveries_by_age ON hook_deliveries (received_at);
