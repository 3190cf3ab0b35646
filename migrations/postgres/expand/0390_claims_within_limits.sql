-- Claims where there are limits: they took turns, each in several statements while it alone counted what runs, and one
-- that came in between took nothing of what has a limit.

-- Also the least limit of a job is found without all of its schedules: a job has one in each project.
DROP INDEX scheduled_jobs_limited;
CREATE INDEX scheduled_jobs_limited ON scheduled_jobs (job_type, concurrency) WHERE concurrency IS NOT NULL;

-- The lock of those who count what runs, until the transaction ends: `alone`, or with others who know that no limit is
-- near. It waits for its turn, but not for a client that is frozen in its own: runs without a limit go on.
CREATE FUNCTION lock_limits(alone boolean) RETURNS boolean LANGUAGE plpgsql SET lock_timeout = '100ms' AS $$
BEGIN
    IF alone THEN
        PERFORM pg_advisory_xact_lock(hashtext('cascade.claim_within_limits'));
    ELSE
        PERFORM pg_advisory_xact_lock_shared(hashtext('cascade.claim_within_limits'));
    END IF;
    RETURN true;
EXCEPTION WHEN lock_not_available THEN
    RETURN false;
END
$$;

-- Whether `claimer` may take `runs` without a look at each of them: every limit is so far away that it is not passed
-- if all claimers take as many at once without seeing each other's. Of those that do so, the last to count sees all
-- but what others have under way, at most one claim each. Each is known here before its first claim of this kind, so
-- that it is counted by those who count after it; twice as many are reckoned with, as one that has lost its connection
-- may claim again while the server still works for the first. Those who count alone keep all of these out.
CREATE FUNCTION limits_are_wide(claimer text, runs bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    room bigint;
BEGIN
    IF EXISTS (SELECT FROM shared_limit_jobs) OR NOT lock_limits(false) THEN
        RETURN false;
    END IF;
    -- Each statement sees what was committed before it, and these come after the lock.
    SELECT runs * 2 * count(*) INTO room FROM (
        SELECT name FROM worker_processes
        UNION SELECT owner FROM workers
        UNION SELECT owner FROM queue_workers
    ) claimers HAVING bool_or(name = claimer);
    IF room IS NULL OR EXISTS (SELECT FROM projects WHERE concurrency < room) THEN
        RETURN false;
    END IF;
    RETURN NOT EXISTS (
        WITH RECURSIVE job (name) AS (
            SELECT min(job_type) FROM scheduled_jobs WHERE concurrency IS NOT NULL
            UNION ALL
            SELECT (
                SELECT min(s.job_type) FROM scheduled_jobs s
                WHERE s.concurrency IS NOT NULL AND s.job_type > job.name
            ) FROM job WHERE job.name IS NOT NULL
        ), limited AS MATERIALIZED (
            SELECT name, (
                SELECT min(concurrency) FROM scheduled_jobs s
                WHERE s.job_type = job.name AND s.concurrency IS NOT NULL
            ) AS most FROM job WHERE name IS NOT NULL
        ), running AS MATERIALIZED (
            SELECT job_type, project_id, count(*) AS runs FROM (
                SELECT job_type, project_id FROM open_queue_runs WHERE state = 'running'
                UNION ALL SELECT job_type, project_id FROM open_runs WHERE state = 'running'
            ) under_way GROUP BY job_type, project_id
        )
        -- The first alone where a limit is less than that with nothing running.
        SELECT FROM limited WHERE most < room
        UNION ALL
        SELECT FROM limited l WHERE l.most - coalesce((
            SELECT sum(r.runs) FROM running r WHERE r.job_type = l.name
        ), 0) < room
        UNION ALL
        SELECT FROM projects p WHERE p.concurrency - coalesce((
            SELECT sum(r.runs) FROM running r WHERE r.project_id = p.id
        ), 0) < room
    );
END
$$;
