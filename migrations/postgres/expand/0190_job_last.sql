-- How each job ended last in each project, so that nobody looks through all runs to know. Triggers keep it: it
-- is right whichever version ends a run. Half of each page is left free: an end writes no index.
CREATE TABLE job_last (
    job_type    text        NOT NULL,
    project_id  uuid        NOT NULL,
    -- The latest ended run.
    run_id      uuid        NOT NULL,
    state       text        NOT NULL,
    finished_at timestamptz NOT NULL,
    -- How up to 20 latest runs ended, oldest first: s for completed, f for failed, c for cancelled.
    recent      text        NOT NULL,
    PRIMARY KEY (job_type, project_id)
) WITH (fillfactor = 50);

-- A row that another transaction has locked is left to it: nobody waits here, as the end of a run may hold the
-- lock on the ids of events, and another end may wait for what its plugin writes. Of two runs of a job that
-- end at the same moment one may thus be missing, until the next of them ends.
CREATE FUNCTION note_last_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH last AS MATERIALIZED (
        SELECT DISTINCT ON (job_type, project_id) job_type, project_id, id, state, finished_at,
            string_agg(CASE state WHEN 'completed' THEN 's' WHEN 'failed' THEN 'f' ELSE 'c' END, '')
                OVER (PARTITION BY job_type, project_id ORDER BY finished_at, id) AS recent
        FROM ended
        WHERE state IN ('completed', 'failed', 'cancelled') AND finished_at IS NOT NULL
        ORDER BY job_type, project_id, finished_at DESC, id DESC
    ), free AS MATERIALIZED (
        SELECT l.job_type, l.project_id FROM last
            JOIN job_last l ON l.job_type = last.job_type AND l.project_id = last.project_id
        FOR UPDATE OF l SKIP LOCKED
    ), changed AS (
        UPDATE job_last l
        SET run_id = last.id, state = last.state, finished_at = last.finished_at,
            recent = right(l.recent || last.recent, 20)
        FROM last JOIN free ON free.job_type = last.job_type AND free.project_id = last.project_id
        WHERE l.job_type = last.job_type AND l.project_id = last.project_id
          AND (last.finished_at, last.id) > (l.finished_at, l.run_id)
    )
    INSERT INTO job_last (job_type, project_id, run_id, state, finished_at, recent)
    SELECT last.job_type, last.project_id, last.id, last.state, last.finished_at, last.recent FROM last
    WHERE NOT EXISTS (
        SELECT FROM job_last l WHERE l.job_type = last.job_type AND l.project_id = last.project_id
    )
    ORDER BY 1, 2
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

-- A run that is removed, or that is to be tried again, has not ended: the one before it is the last.
CREATE FUNCTION forget_last_ends() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lost job_last;
BEGIN
    FOR lost IN
        SELECT l.* FROM gone g
            JOIN job_last l ON l.job_type = g.job_type AND l.project_id = g.project_id AND l.run_id = g.id
        WHERE g.state IN ('completed', 'failed', 'cancelled')
        ORDER BY l.job_type, l.project_id FOR UPDATE OF l
    LOOP
        DELETE FROM job_last WHERE job_type = lost.job_type AND project_id = lost.project_id;
        INSERT INTO job_last (job_type, project_id, run_id, state, finished_at, recent)
        SELECT lost.job_type, lost.project_id, r.id, r.state, r.finished_at, left(lost.recent, -1)
        FROM (
            SELECT id, state, finished_at FROM last_runs(lost.job_type, lost.project_id, 1)
            UNION ALL
            SELECT id, state, finished_at FROM last_queue_runs(lost.job_type, lost.project_id, 1)
        ) r WHERE r.finished_at IS NOT NULL ORDER BY r.finished_at DESC, r.id DESC LIMIT 1;
    END LOOP;
    RETURN NULL;
END
$$;

-- A statement fires the triggers of the table that it names, not those of a partition.
CREATE TRIGGER job_last_ends AFTER INSERT ON ended_runs
    REFERENCING NEW TABLE AS ended FOR EACH STATEMENT EXECUTE FUNCTION note_last_ends();
CREATE TRIGGER job_last_ends AFTER INSERT ON worker_runs
    REFERENCING NEW TABLE AS ended FOR EACH STATEMENT EXECUTE FUNCTION note_last_ends();
CREATE TRIGGER job_last_gone AFTER DELETE ON ended_runs
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION forget_last_ends();
CREATE TRIGGER job_last_gone AFTER DELETE ON worker_runs
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION forget_last_ends();
CREATE TRIGGER job_last_ends AFTER INSERT ON ended_queue_runs
    REFERENCING NEW TABLE AS ended FOR EACH STATEMENT EXECUTE FUNCTION note_last_ends();
CREATE TRIGGER job_last_ends AFTER INSERT ON queue_runs
    REFERENCING NEW TABLE AS ended FOR EACH STATEMENT EXECUTE FUNCTION note_last_ends();
CREATE TRIGGER job_last_gone AFTER DELETE ON ended_queue_runs
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION forget_last_ends();
CREATE TRIGGER job_last_gone AFTER DELETE ON queue_runs
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION forget_last_ends();

INSERT INTO job_last (job_type, project_id, run_id, state, finished_at, recent)
SELECT DISTINCT ON (job_type, project_id) job_type, project_id, id, state, finished_at,
    CASE state WHEN 'completed' THEN 's' WHEN 'failed' THEN 'f' ELSE 'c' END
FROM all_runs
WHERE state IN ('completed', 'failed', 'cancelled') AND finished_at IS NOT NULL
ORDER BY job_type, project_id, finished_at DESC, id DESC;
