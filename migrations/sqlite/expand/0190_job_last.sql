-- How each job ended last in each project, so that nobody looks through all runs to know. Triggers keep it: it
-- is right whichever version ends a run.
CREATE TABLE job_last (
    job_type    TEXT NOT NULL,
    project_id  TEXT NOT NULL,
    -- The latest ended run.
    run_id      TEXT NOT NULL,
    state       TEXT NOT NULL,
    finished_at TEXT NOT NULL,
    -- How up to 20 latest runs ended, oldest first: s for completed, f for failed, c for cancelled.
    recent      TEXT NOT NULL,
    PRIMARY KEY (job_type, project_id)
) WITHOUT ROWID;

CREATE TRIGGER job_last_ends AFTER UPDATE OF state ON worker_runs
WHEN NEW.state IN ('completed', 'failed', 'cancelled')
    AND OLD.state NOT IN ('completed', 'failed', 'cancelled') AND NEW.finished_at IS NOT NULL
BEGIN
    INSERT INTO job_last (job_type, project_id, run_id, state, finished_at, recent)
    VALUES (NEW.job_type, NEW.project_id, NEW.id, NEW.state, NEW.finished_at,
        CASE NEW.state WHEN 'completed' THEN 's' WHEN 'failed' THEN 'f' ELSE 'c' END)
    ON CONFLICT (job_type, project_id) DO UPDATE
    SET run_id = excluded.run_id, state = excluded.state, finished_at = excluded.finished_at,
        recent = substr(recent || excluded.recent, -20)
    WHERE (excluded.finished_at, excluded.run_id) > (finished_at, run_id);
END;

-- A run that is to be tried again, or that is removed, has not ended: the one before it is the last.
CREATE TRIGGER job_last_again AFTER UPDATE OF state ON worker_runs
WHEN OLD.state IN ('completed', 'failed', 'cancelled')
    AND NEW.state NOT IN ('completed', 'failed', 'cancelled')
BEGIN
    DELETE FROM job_last
    WHERE job_type = OLD.job_type AND project_id = OLD.project_id AND run_id = OLD.id
      AND NOT EXISTS (
          SELECT 1 FROM all_runs r
          WHERE r.job_type = OLD.job_type AND r.project_id = OLD.project_id
            AND r.state IN ('completed', 'failed', 'cancelled') AND r.finished_at IS NOT NULL
      );
    UPDATE job_last
    SET (run_id, state, finished_at) = (
            SELECT r.id, r.state, r.finished_at FROM all_runs r
            WHERE r.job_type = OLD.job_type AND r.project_id = OLD.project_id
              AND r.state IN ('completed', 'failed', 'cancelled') AND r.finished_at IS NOT NULL
            ORDER BY r.finished_at DESC, r.id DESC LIMIT 1
        ),
        recent = substr(recent, 1, length(recent) - 1)
    WHERE job_type = OLD.job_type AND project_id = OLD.project_id AND run_id = OLD.id;
END;

CREATE TRIGGER job_last_gone AFTER DELETE ON worker_runs
WHEN OLD.state IN ('completed', 'failed', 'cancelled')
BEGIN
    DELETE FROM job_last
    WHERE job_type = OLD.job_type AND project_id = OLD.project_id AND run_id = OLD.id
      AND NOT EXISTS (
          SELECT 1 FROM all_runs r
          WHERE r.job_type = OLD.job_type AND r.project_id = OLD.project_id
            AND r.state IN ('completed', 'failed', 'cancelled') AND r.finished_at IS NOT NULL
      );
    UPDATE job_last
    SET (run_id, state, finished_at) = (
            SELECT r.id, r.state, r.finished_at FROM all_runs r
            WHERE r.job_type = OLD.job_type AND r.project_id = OLD.project_id
              AND r.state IN ('completed', 'failed', 'cancelled') AND r.finished_at IS NOT NULL
            ORDER BY r.finished_at DESC, r.id DESC LIMIT 1
        ),
        recent = substr(recent, 1, length(recent) - 1)
    WHERE job_type = OLD.job_type AND project_id = OLD.project_id AND run_id = OLD.id;
END;

-- The same of runs that callers ask for.
CREATE TRIGGER job_last_ends_of_queues AFTER UPDATE OF state ON queue_runs
WHEN NEW.state IN ('completed', 'failed', 'cancelled')
    AND OLD.state NOT IN ('completed', 'failed', 'cancelled') AND NEW.finished_at IS NOT NULL
BEGIN
    INSERT INTO job_last (job_type, project_id, run_id, state, finished_at, recent)
    VALUES (NEW.job_type, NEW.project_id, NEW.id, NEW.state, NEW.finished_at,
        CASE NEW.state WHEN 'completed' THEN 's' WHEN 'failed' THEN 'f' ELSE 'c' END)
    ON CONFLICT (job_type, project_id) DO UPDATE
    SET run_id = excluded.run_id, state = excluded.state, finished_at = excluded.finished_at,
        recent = substr(recent || excluded.recent, -20)
    WHERE (excluded.finished_at, excluded.run_id) > (finished_at, run_id);
END;

-- A run that is to be tried again, or that is removed, has not ended: the one before it is the last.
CREATE TRIGGER job_last_again_of_queues AFTER UPDATE OF state ON queue_runs
WHEN OLD.state IN ('completed', 'failed', 'cancelled')
    AND NEW.state NOT IN ('completed', 'failed', 'cancelled')
BEGIN
    DELETE FROM job_last
    WHERE job_type = OLD.job_type AND project_id = OLD.project_id AND run_id = OLD.id
      AND NOT EXISTS (
          SELECT 1 FROM all_runs r
          WHERE r.job_type = OLD.job_type AND r.project_id = OLD.project_id
            AND r.state IN ('completed', 'failed', 'cancelled') AND r.finished_at IS NOT NULL
      );
    UPDATE job_last
    SET (run_id, state, finished_at) = (
            SELECT r.id, r.state, r.finished_at FROM all_runs r
            WHERE r.job_type = OLD.job_type AND r.project_id = OLD.project_id
              AND r.state IN ('completed', 'failed', 'cancelled') AND r.finished_at IS NOT NULL
            ORDER BY r.finished_at DESC, r.id DESC LIMIT 1
        ),
        recent = substr(recent, 1, length(recent) - 1)
    WHERE job_type = OLD.job_type AND project_id = OLD.project_id AND run_id = OLD.id;
END;

CREATE TRIGGER job_last_gone_of_queues AFTER DELETE ON queue_runs
WHEN OLD.state IN ('completed', 'failed', 'cancelled')
BEGIN
    DELETE FROM job_last
    WHERE job_type = OLD.job_type AND project_id = OLD.project_id AND run_id = OLD.id
      AND NOT EXISTS (
          SELECT 1 FROM all_runs r
          WHERE r.job_type = OLD.job_type AND r.project_id = OLD.project_id
            AND r.state IN ('completed', 'failed', 'cancelled') AND r.finished_at IS NOT NULL
      );
    UPDATE job_last
    SET (run_id, state, finished_at) = (
            SELECT r.id, r.state, r.finished_at FROM all_runs r
            WHERE r.job_type = OLD.job_type AND r.project_id = OLD.project_id
              AND r.state IN ('completed', 'failed', 'cancelled') AND r.finished_at IS NOT NULL
            ORDER BY r.finished_at DESC, r.id DESC LIMIT 1
        ),
        recent = substr(recent, 1, length(recent) - 1)
    WHERE job_type = OLD.job_type AND project_id = OLD.project_id AND run_id = OLD.id;
END;

-- Of the rows of a group, SQLite takes the other columns from that with the greatest time.
INSERT INTO job_last (job_type, project_id, run_id, state, finished_at, recent)
SELECT job_type, project_id, id, state, max(finished_at),
    CASE state WHEN 'completed' THEN 's' WHEN 'failed' THEN 'f' ELSE 'c' END
FROM all_runs
WHERE state IN ('completed', 'failed', 'cancelled') AND finished_at IS NOT NULL
GROUP BY job_type, project_id;
