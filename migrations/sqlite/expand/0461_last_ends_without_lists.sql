-- The triggers of 0190, with comparisons in place of IN. SQLite evaluates WHEN in the trigger's own program, and a program
-- fills a table with the list of an IN each time it starts, here four times for each run: a quarter of what a run cost.
-- What is done with a job whose last run is lost stands once.
DROP TRIGGER job_last_ends;
DROP TRIGGER job_last_again;
DROP TRIGGER job_last_gone;
DROP TRIGGER job_last_ends_of_queues;
DROP TRIGGER job_last_again_of_queues;
DROP TRIGGER job_last_gone_of_queues;

-- To insert a run here says that it has not ended any more, or is removed: the one before it is the last of its job. A
-- migration that renames or drops a column of job_last drops this view before.
CREATE VIEW job_last_lost AS SELECT job_type, project_id, run_id FROM job_last;
CREATE TRIGGER job_last_is_lost INSTEAD OF INSERT ON job_last_lost
BEGIN
    DELETE FROM job_last
    WHERE job_type = NEW.job_type AND project_id = NEW.project_id AND run_id = NEW.run_id
      AND NOT EXISTS (
          SELECT 1 FROM all_runs r
          WHERE r.job_type = NEW.job_type AND r.project_id = NEW.project_id
            AND r.state IN ('completed', 'failed', 'cancelled') AND r.finished_at IS NOT NULL
      );
    UPDATE job_last
    SET (run_id, state, finished_at) = (
            SELECT r.id, r.state, r.finished_at FROM all_runs r
            WHERE r.job_type = NEW.job_type AND r.project_id = NEW.project_id
              AND r.state IN ('completed', 'failed', 'cancelled') AND r.finished_at IS NOT NULL
            ORDER BY r.finished_at DESC, r.id DESC LIMIT 1
        ),
        recent = substr(recent, 1, length(recent) - 1)
    WHERE job_type = NEW.job_type AND project_id = NEW.project_id AND run_id = NEW.run_id;
END;

CREATE TRIGGER job_last_ends AFTER UPDATE OF state ON worker_runs
WHEN (NEW.state = 'completed' OR NEW.state = 'failed' OR NEW.state = 'cancelled')
    AND OLD.state <> 'completed' AND OLD.state <> 'failed' AND OLD.state <> 'cancelled'
    AND NEW.finished_at IS NOT NULL
BEGIN
    INSERT INTO job_last (job_type, project_id, run_id, state, finished_at, recent)
    VALUES (NEW.job_type, NEW.project_id, NEW.id, NEW.state, NEW.finished_at,
        CASE NEW.state WHEN 'completed' THEN 's' WHEN 'failed' THEN 'f' ELSE 'c' END)
    ON CONFLICT (job_type, project_id) DO UPDATE
    SET run_id = excluded.run_id, state = excluded.state, finished_at = excluded.finished_at,
        recent = substr(recent || excluded.recent, -20)
    WHERE (excluded.finished_at, excluded.run_id) > (finished_at, run_id);
END;
CREATE TRIGGER job_last_again AFTER UPDATE OF state ON worker_runs
WHEN (OLD.state = 'completed' OR OLD.state = 'failed' OR OLD.state = 'cancelled')
    AND NEW.state <> 'completed' AND NEW.state <> 'failed' AND NEW.state <> 'cancelled'
BEGIN
    INSERT INTO job_last_lost VALUES (OLD.job_type, OLD.project_id, OLD.id);
END;
CREATE TRIGGER job_last_gone AFTER DELETE ON worker_runs
WHEN (OLD.state = 'completed' OR OLD.state = 'failed' OR OLD.state = 'cancelled')
BEGIN
    INSERT INTO job_last_lost VALUES (OLD.job_type, OLD.project_id, OLD.id);
END;

CREATE TRIGGER job_last_ends_of_queues AFTER UPDATE OF state ON queue_runs
WHEN (NEW.state = 'completed' OR NEW.state = 'failed' OR NEW.state = 'cancelled')
    AND OLD.state <> 'completed' AND OLD.state <> 'failed' AND OLD.state <> 'cancelled'
    AND NEW.finished_at IS NOT NULL
BEGIN
    INSERT INTO job_last (job_type, project_id, run_id, state, finished_at, recent)
    VALUES (NEW.job_type, NEW.project_id, NEW.id, NEW.state, NEW.finished_at,
        CASE NEW.state WHEN 'completed' THEN 's' WHEN 'failed' THEN 'f' ELSE 'c' END)
    ON CONFLICT (job_type, project_id) DO UPDATE
    SET run_id = excluded.run_id, state = excluded.state, finished_at = excluded.finished_at,
        recent = substr(recent || excluded.recent, -20)
    WHERE (excluded.finished_at, excluded.run_id) > (finished_at, run_id);
END;
CREATE TRIGGER job_last_again_of_queues AFTER UPDATE OF state ON queue_runs
WHEN (OLD.state = 'completed' OR OLD.state = 'failed' OR OLD.state = 'cancelled')
    AND NEW.state <> 'completed' AND NEW.state <> 'failed' AND NEW.state <> 'cancelled'
BEGIN
    INSERT INTO job_last_lost VALUES (OLD.job_type, OLD.project_id, OLD.id);
END;
CREATE TRIGGER job_last_gone_of_queues AFTER DELETE ON queue_runs
WHEN (OLD.state = 'completed' OR OLD.state = 'failed' OR OLD.state = 'cancelled')
BEGIN
    INSERT INTO job_last_lost VALUES (OLD.job_type, OLD.project_id, OLD.id);
END;

-- Of 0400.
DROP TRIGGER queue_runs_place_given_up;
CREATE TRIGGER queue_runs_place_given_up AFTER UPDATE OF state ON queue_runs
WHEN NEW.beside IS NOT NULL AND (NEW.state = 'completed' OR NEW.state = 'failed' OR NEW.state = 'cancelled')
BEGIN
    UPDATE queue_runs SET key = beside, beside = NULL, place = NULL WHERE id = NEW.id;
END;
