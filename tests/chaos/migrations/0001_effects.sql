-- Written in the transaction that ends a run: one row for each completed run, or something is wrong.
CREATE TABLE chaos_effects (
    run_id text NOT NULL,
    attempt bigint NOT NULL
);
CREATE INDEX chaos_effects_by_run ON chaos_effects (run_id);
