-- A claim is one row. `{open}` is the table of runs that have not ended.
CREATE TABLE claims (
    id         uuid        NOT NULL PRIMARY KEY,
    owner      text        NOT NULL,
    started_at timestamptz NOT NULL,
    -- Which runs have ended, or have moved to a claim of their own.
    ended      bit(512)    NOT NULL DEFAULT repeat('0', 512)::bit(512),
    -- Never changes.
    runs       {open}[]    NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, vacuum_truncate = off);
ALTER TABLE claims ALTER runs SET STORAGE EXTERNAL;
-- A run that a claim has removed from the waiting ones still holds its key.
CREATE TABLE running_keys (
    job_type   text NOT NULL,
    project_id uuid NOT NULL,
    key        text NOT NULL,
    PRIMARY KEY (job_type, project_id, key)
);
