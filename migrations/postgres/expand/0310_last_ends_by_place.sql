-- How the last ends of jobs are noted and forgotten, without a join that the planner could turn around: it was
-- planned while job_last was empty, and then looked through all of it for each end of a commit. The row of each
-- end is looked for by its key and changed by where it lies, however the plan was made.

-- A row that another transaction has locked is left to it: nobody waits here, as the end of a run may hold the
-- lock on the ids of events, and another end may wait for what its plugin writes. Of two runs of a job that
-- end at the same moment one may thus be missing, until the next of them ends.
CREATE OR REPLACE FUNCTION note_last_ends() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    jobs     text[];
    projects uuid[];
    runs     uuid[];
    states   text[];
    times    timestamptz[];
    marks    text[];
    places   tid[];
BEGIN
    WITH last AS MATERIALIZED (
        SELECT DISTINCT ON (job_type, project_id) job_type, project_id, id, state, finished_at,
            string_agg(CASE state WHEN 'completed' THEN 's' WHEN 'failed' THEN 'f' ELSE 'c' END, '')
                OVER (PARTITION BY job_type, project_id ORDER BY finished_at, id) AS recent
        FROM ended
        WHERE state IN ('completed', 'failed', 'cancelled') AND finished_at IS NOT NULL
        ORDER BY job_type, project_id, finished_at DESC, id DESC
    )
    SELECT array_agg(last.job_type), array_agg(last.project_id), array_agg(last.id),
        array_agg(last.state), array_agg(last.finished_at), array_agg(last.recent), array_agg(free.place)
    INTO jobs, projects, runs, states, times, marks, places
    FROM last LEFT JOIN LATERAL (
        SELECT l.ctid AS place FROM job_last l
        WHERE l.job_type = last.job_type AND l.project_id = last.project_id
        LIMIT 1 FOR UPDATE OF l SKIP LOCKED
    ) free ON true;
    -- A statement after that which has locked the rows: it sees what was committed until then.
    UPDATE job_last l
    SET run_id = n.run, state = n.state, finished_at = n.at, recent = right(l.recent || n.recent, 20)
    FROM unnest(places, runs, states, times, marks) AS n (place, run, state, at, recent)
    WHERE l.ctid = n.place AND (n.at, n.run) > (l.finished_at, l.run_id);
    IF array_position(places, NULL) IS NOT NULL THEN
        INSERT INTO job_last (job_type, project_id, run_id, state, finished_at, recent)
        SELECT n.job, n.project, n.run, n.state, n.at, right(n.recent, 20)
        FROM unnest(places, jobs, projects, runs, states, times, marks)
            AS n (place, job, project, run, state, at, recent)
        -- An insert would wait for a transaction that changes the row: one that is there is left out first.
        WHERE n.place IS NULL AND (
            SELECT true FROM job_last l WHERE l.job_type = n.job AND l.project_id = n.project LIMIT 1
        ) IS NULL
        ORDER BY n.job, n.project
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;
ALTER FUNCTION note_last_ends() RESET enable_hashjoin;

-- A run that is removed, or that is to be tried again, has not ended: the one before it is the last.
CREATE OR REPLACE FUNCTION forget_last_ends() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lost job_last;
BEGIN
    FOR lost IN
        SELECT l.* FROM (
            SELECT job_type, project_id, id FROM gone
            WHERE state IN ('completed', 'failed', 'cancelled') ORDER BY job_type, project_id
        ) g CROSS JOIN LATERAL (
            SELECT * FROM job_last l
            WHERE l.job_type = g.job_type AND l.project_id = g.project_id AND l.run_id = g.id
            LIMIT 1 FOR UPDATE OF l
        ) l
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
