-- The events of a commit are one row, with what their payloads need.
CREATE TABLE event_batches (
    first_id bigint      NOT NULL PRIMARY KEY,
    at       timestamptz NOT NULL,
    projects uuid[]      NOT NULL,
    jobs     text[]      NOT NULL,
    oks      boolean[]   NOT NULL
);
ALTER TABLE event_batches ALTER projects SET STORAGE EXTERNAL, ALTER jobs SET STORAGE EXTERNAL;
