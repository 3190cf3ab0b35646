CREATE TABLE messages (
    id          text NOT NULL PRIMARY KEY,
    project_id  text NOT NULL,
    source      text NOT NULL,
    source_kind text NOT NULL,
    -- The source's own id of the message: with it, reading twice writes once.
    native_id   text NOT NULL,
    thread_id   text NOT NULL,
    author      text NOT NULL,
    author_key  text NOT NULL,
    subject     text NOT NULL,
    body        text NOT NULL,
    url         text,
    lang        text NOT NULL,
    sent_at     text NOT NULL,
    ingested_at text NOT NULL,
    UNIQUE (project_id, source, native_id)
);
CREATE INDEX messages_by_time ON messages (project_id, sent_at);
CREATE INDEX messages_by_thread ON messages (project_id, thread_id, sent_at);

CREATE TABLE connector_cursors (
    project_id text NOT NULL,
    source     text NOT NULL,
    cursor     text NOT NULL,
    updated_at text NOT NULL,
    PRIMARY KEY (project_id, source)
);
