-- What runs give out: JSON text, beside the runs, so that nothing that lists or moves these reads it.
CREATE TABLE run_outputs (
    run_id   uuid NOT NULL PRIMARY KEY,
    -- When the run ended: it is kept for as long as the run, whichever version removes that.
    ended_at timestamptz NOT NULL,
    output   text NOT NULL
);
CREATE INDEX run_outputs_by_age ON run_outputs (ended_at);
