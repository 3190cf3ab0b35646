-- Which edges were taken when a run ended, which were not, and why: JSON text, beside the runs as outputs are.
-- There is no row where all edges are plain and all were taken.
CREATE TABLE run_decisions (
    run_id   TEXT NOT NULL PRIMARY KEY,
    -- When the run ended: it is kept for as long as the run, whichever version removes that.
    ended_at TEXT NOT NULL,
    -- Whether it had failed.
    failed   BOOLEAN NOT NULL,
    edges    TEXT NOT NULL
);
CREATE INDEX run_decisions_by_age ON run_decisions (ended_at);
