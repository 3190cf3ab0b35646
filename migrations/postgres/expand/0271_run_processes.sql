-- What runs that take a while use, as their workers measured it last. Rows of runs that are over go after a while.
CREATE TABLE run_processes (
    run_id    uuid NOT NULL PRIMARY KEY,
    attempt   integer NOT NULL,
    worker    text NOT NULL,
    -- Of a program: its process, and how many there are with those that it started.
    pid       integer,
    processes integer,
    -- Of a plugin within the worker: its thread.
    thread    integer,
    memory    bigint,
    cpu_ms    bigint NOT NULL,
    state     text NOT NULL,
    at        timestamptz NOT NULL
)
WITH (fillfactor = 50);
