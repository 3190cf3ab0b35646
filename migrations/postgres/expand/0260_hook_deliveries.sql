-- What was sent to hooks, and what became of it. A delivery that makes a run is written in the transaction that
-- makes it: the same one, sent again, finds its row and makes no second run.
CREATE TABLE hook_deliveries (
    id          uuid NOT NULL PRIMARY KEY,
    hook        text NOT NULL,
    -- What tells it apart from others of the hook: what the sender calls it, or a digest.
    identity    text NOT NULL,
    -- The project that it is of, if it says one that there is.
    project_id  uuid,
    -- When it came: the last time, until a run is made of it.
    received_at timestamptz NOT NULL,
    address     text,
    -- run, ignored or refused.
    outcome     text NOT NULL,
    reason      text,
    run_id      uuid,
    -- How often it came.
    times       bigint NOT NULL,
    -- A JSON object of those that may be shown.
    headers     text NOT NULL,
    -- How long the body was; one that was too long is not kept.
    bytes       bigint NOT NULL,
    body        text,
    -- The delivery that somebody had repeated, and who.
    replay_of   uuid,
    replayed_by text,
    UNIQUE (hook, identity)
);
CREATE INDEX hook_deliveries_by_hook ON hook_deliveries (hook, id);
CREATE INDEX hook_deliveries_by_age ON hook_deliveries (received_at);
