-- How each job ended last is written when somebody asks, and every ten seconds, in place of in every commit: a commit
-- adds one row with all its ends. It changed a row for each job and project before, a fifth of what the end of a run
-- took, and while some transaction stayed open for long each version of these rows was kept and walked over.

-- Ends that job_last does not have yet, a row for each commit. Elements of the same place are of one run.
CREATE TABLE job_last_pending (
    key      bigint        GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jobs     text[]        NOT NULL,
    projects uuid[]        NOT NULL,
    runs     uuid[]        NOT NULL,
    -- As in job_last.recent, a letter for each run.
    marks    text          NOT NULL,
    times    timestamptz[] NOT NULL
);
-- Few rows that come and go: after so many changes, as a part of a few rows is nothing.
ALTER TABLE job_last_pending SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- Moves what is pending to job_last. One at a time: who waits finds nothing left, and sees what the other wrote.
CREATE FUNCTION refresh_job_last() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM job_last_pending) THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('cascade.job_last'));
    WITH taken AS (
        DELETE FROM job_last_pending RETURNING *
    ), ends AS (
        SELECT e.*, row_number() OVER (
            PARTITION BY e.job, e.project ORDER BY e.at DESC, e.run DESC
        ) AS nth
        FROM taken t,
            unnest(t.jobs, t.projects, t.runs, string_to_array(t.marks, NULL), t.times)
                AS e (job, project, run, mark, at)
    )
    INSERT INTO job_last AS l (job_type, project_id, run_id, state, finished_at, recent)
    SELECT job, project, (array_agg(run) FILTER (WHERE nth = 1))[1],
        CASE max(mark) FILTER (WHERE nth = 1)
            WHEN 's' THEN 'completed' WHEN 'f' THEN 'failed' ELSE 'cancelled' END,
        max(at), string_agg(mark, '' ORDER BY nth DESC)
    FROM ends WHERE nth <= 20 GROUP BY job, project
    -- In the order in which forget_last_ends() locks rows, so that neither waits for the other in a circle.
    ORDER BY job, project
    ON CONFLICT (job_type, project_id) DO UPDATE
    SET run_id = excluded.run_id, state = excluded.state, finished_at = excluded.finished_at,
        recent = right(l.recent || excluded.recent, 20)
    -- One that was committed after a later one of its job was taken is left out.
    WHERE (excluded.finished_at, excluded.run_id) > (l.finished_at, l.run_id);
END
$$;

CREATE OR REPLACE FUNCTION note_last_ends() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    noted bigint;
BEGIN
    INSERT INTO job_last_pending (jobs, projects, runs, marks, times)
    SELECT array_agg(job_type), array_agg(project_id), array_agg(id),
        string_agg(CASE state WHEN 'completed' THEN 's' WHEN 'failed' THEN 'f' ELSE 'c' END, ''),
        array_agg(finished_at)
    FROM ended
    WHERE state IN ('completed', 'failed', 'cancelled') AND finished_at IS NOT NULL
    HAVING count(*) > 0
    RETURNING key INTO noted;
    -- Where the first edition runs alone nobody asks: the table must not grow without end. Nobody waits here, as the
    -- end of a run may hold the lock on the ids of events.
    IF noted % 10000 = 0 AND pg_try_advisory_xact_lock(hashtext('cascade.job_last')) THEN
        PERFORM refresh_job_last();
    END IF;
    RETURN NULL;
END
$$;

-- A run that is removed, or that is to be tried again, has not ended: the one before it is the last.
CREATE OR REPLACE FUNCTION forget_last_ends() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lost job_last;
BEGIN
    -- Its end may be pending, and would be noted after this.
    PERFORM refresh_job_last();
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

-- An older version reads job_last and refreshes nothing; it writes figures here every two seconds in which runs end.
CREATE FUNCTION refresh_job_last_of_older() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refresh_job_last();
    RETURN NULL;
END
$$;
CREATE TRIGGER job_last_of_older AFTER INSERT ON run_stats
    FOR EACH STATEMENT EXECUTE FUNCTION refresh_job_last_of_older();
