-- More than one run of a key at a time, where jobs.toml says so.

-- Jobs of which jobs.toml says something about their keys.
CREATE TABLE keyed_jobs (
    job_type     TEXT    NOT NULL PRIMARY KEY,
    -- The dotted path of the arg whose value is the key of a run that is asked for without one.
    key_from     TEXT,
    -- Runs of one key that have begun and not ended, at most.
    runs_per_key INTEGER NOT NULL
) STRICT;

-- Of each key one run holds the place 0: it is not behind, and `key` names its key, as before. Each further one that
-- goes beside it has no `key` and holds a place from 1 on of the key that `beside` names. A version that does not know
-- these columns takes it for a run without a key, and ends and retries it as one.
ALTER TABLE queue_runs ADD COLUMN beside TEXT;
ALTER TABLE queue_runs ADD COLUMN place INTEGER;
CREATE UNIQUE INDEX queue_runs_beside ON queue_runs (job_type, project_id, beside, place)
    WHERE beside IS NOT NULL;

-- The end of a run gives up its place, whatever version ends it: one that is tried again has its key.
CREATE TRIGGER queue_runs_place_given_up AFTER UPDATE OF state ON queue_runs
WHEN new.beside IS NOT NULL AND new.state IN ('completed', 'failed', 'cancelled')
BEGIN
    UPDATE queue_runs SET key = beside, beside = NULL, place = NULL WHERE id = new.id;
END;
