-- Which runs were asked for as another one once more, beside the runs: an older version leaves it alone. Ids of
-- runs grow with time.
CREATE TABLE run_reruns (
    run_id   TEXT NOT NULL PRIMARY KEY,
    rerun_of TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX run_reruns_of_run ON run_reruns (rerun_of, run_id);
