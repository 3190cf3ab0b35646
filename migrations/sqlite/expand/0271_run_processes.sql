-- What runs that take a while use, as their workers measured it last. Rows of runs that are over go after a while.
CREATE TABLE run_processes (
    run_id    TEXT NOT NULL PRIMARY KEY,
    attempt   INTEGER NOT NULL,
    worker    TEXT NOT NULL,
    -- Of a program: its process, and how many there are with those that it started.
    pid       INTEGER,
    processes INTEGER,
    -- Of a plugin within the worker: its thread.
    thread    INTEGER,
    memory    INTEGER,
    cpu_ms    INTEGER NOT NULL,
    state     TEXT NOT NULL,
    at        TEXT NOT NULL
) STRICT, WITHOUT ROWID;
