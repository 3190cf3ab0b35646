-- Rates by key, and numbers of single keys.

-- A rate of each key of a job: runs that may begin in so many milliseconds.
ALTER TABLE keyed_jobs ADD COLUMN rate INTEGER;
ALTER TABLE keyed_jobs ADD COLUMN period_ms INTEGER;
-- Whether its keys have a rate, or one of them has: claims of runs of queues then count what begins.
ALTER TABLE keyed_jobs ADD COLUMN rated INTEGER NOT NULL DEFAULT 0;

-- The numbers of single keys; NULL for those of the job, which has a row in keyed_jobs.
CREATE TABLE key_values (
    job_type     TEXT    NOT NULL,
    key          TEXT    NOT NULL,
    runs_per_key INTEGER,
    rate         INTEGER,
    period_ms    INTEGER,
    PRIMARY KEY (job_type, key)
) STRICT;

-- What has begun of each key that has a rate: [[milliseconds since 1970 of the last, how many], ...], in pieces of a
-- hundredth of the period. A row whose time is over is removed, in hours.
CREATE TABLE key_begins (
    job_type   TEXT    NOT NULL,
    project_id TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    begun      TEXT    NOT NULL DEFAULT '[]',
    until_hour INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (job_type, project_id, key)
) STRICT;
CREATE INDEX key_begins_over ON key_begins (until_hour);

-- A run that the rate of its key keeps waiting is held: it may begin at `held_until`, which is its `available_at` as long
-- as it is held, and waits since `held_from`. `held_by` is that rate. A version that does not know these columns takes it
-- for one that waits for its time.
ALTER TABLE queue_runs ADD COLUMN held_until TEXT;
ALTER TABLE queue_runs ADD COLUMN held_from TEXT;
ALTER TABLE queue_runs ADD COLUMN held_by TEXT;
CREATE INDEX queue_runs_held ON queue_runs (job_type)
    WHERE held_until IS NOT NULL AND state IN ('available', 'retryable');
