-- Rates by key, and numbers of single keys.

-- A rate of each key of a job: runs that may begin in so many milliseconds.
ALTER TABLE keyed_jobs ADD COLUMN rate bigint;
ALTER TABLE keyed_jobs ADD COLUMN period_ms bigint;
-- Whether its keys have a rate, or one of them has: claims of runs of queues then count what begins.
ALTER TABLE keyed_jobs ADD COLUMN rated boolean NOT NULL DEFAULT false;
CREATE INDEX keyed_jobs_rated ON keyed_jobs (job_type) WHERE rated;

-- The numbers of single keys; NULL for those of the job, which has a row in keyed_jobs.
CREATE TABLE key_values (
    job_type     text    NOT NULL,
    key          text    NOT NULL,
    runs_per_key integer,
    rate         bigint,
    period_ms    bigint,
    PRIMARY KEY (job_type, key)
);

-- How many runs of a key go at a time.
CREATE FUNCTION runs_of_key(of_job text, of_key text) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN of_key = '' THEN 1 ELSE coalesce(
        (SELECT v.runs_per_key FROM key_values v WHERE v.job_type = of_job AND v.key = of_key),
        (SELECT j.runs_per_key FROM keyed_jobs j WHERE j.job_type = of_job),
        1
    ) END
$$;

-- What has begun of each key that has a rate: [[milliseconds since 1970 of the last, how many], ...], in pieces of a
-- hundredth of the period. Who claims runs of the key has its row locked until the transaction ends. A row whose time is
-- over is removed; in hours, so that the index changes seldom and the row is updated in its page.
CREATE TABLE key_begins (
    job_type   text   NOT NULL,
    project_id uuid   NOT NULL,
    key        text   NOT NULL,
    begun      text   NOT NULL DEFAULT '[]',
    until_hour bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (job_type, project_id, key)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX key_begins_over ON key_begins (until_hour);

-- A run that the rate of its key keeps waiting is held: it may begin at `held_until`, which is its `available_at` as long
-- as it is held, and waits since `held_from`. `held_by` is that rate. A version that does not know these columns takes it
-- for one that waits for its time.
ALTER TABLE queue_runs ADD COLUMN held_until timestamptz;
ALTER TABLE queue_runs ADD COLUMN held_from timestamptz;
ALTER TABLE queue_runs ADD COLUMN held_by text;
CREATE INDEX open_queue_runs_held ON open_queue_runs (job_type) WHERE held_until IS NOT NULL;

-- As before; one that is held waits for no later time than a request, and where it goes behind others all the same, its
-- place among them is by the time since when it waits.
CREATE OR REPLACE FUNCTION give_up_places(of_job text, of_project uuid, of_key text, due timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM key_turns WHERE nth = key_turn(of_job, of_project, of_key) FOR UPDATE;
    UPDATE open_queue_runs SET behind = true, key = of_key, beside = NULL, place = NULL,
        available_at = CASE WHEN held_until = available_at THEN held_from ELSE available_at END
    WHERE id IN (
        SELECT r.id FROM open_queue_runs r
        WHERE r.id IN (SELECT h.id FROM places_of_key(of_job, of_project, of_key) h)
          AND r.state = 'available' AND r.attempt = 0
          AND (due IS NULL OR r.available_at > due AND r.held_until IS DISTINCT FROM r.available_at)
        FOR UPDATE SKIP LOCKED
    );
END
$$;
