-- Claims far from every limit: whether they are was found by counting what runs of each job and project. Where the least
-- of all limits is at least all that runs together and what all claimers may take at once, that need not be done; and
-- the lock is taken at once where nobody counts alone, without the subtransaction that a wait with a time limit needs.
CREATE OR REPLACE FUNCTION limits_are_wide(claimer text, runs bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    room bigint;
    least_limit bigint;
BEGIN
    IF EXISTS (SELECT FROM shared_limit_jobs) OR NOT (
        pg_try_advisory_xact_lock_shared(hashtext('cascade.claim_within_limits')) OR lock_limits(false)
    ) THEN
        RETURN false;
    END IF;
    -- Each statement sees what was committed before it, and these come after the lock.
    SELECT runs * 2 * count(*) INTO room FROM (
        SELECT name FROM worker_processes
        UNION SELECT owner FROM workers
        UNION SELECT owner FROM queue_workers
    ) claimers HAVING bool_or(name = claimer);
    IF room IS NULL THEN
        RETURN false;
    END IF;
    least_limit := least((
        -- One step a job.
        WITH RECURSIVE job (name, most) AS (
            (SELECT job_type, concurrency FROM scheduled_jobs
             WHERE concurrency IS NOT NULL ORDER BY job_type, concurrency LIMIT 1)
            UNION ALL
            SELECT n.* FROM job CROSS JOIN LATERAL (
                SELECT s.job_type, s.concurrency FROM scheduled_jobs s
                WHERE s.concurrency IS NOT NULL AND s.job_type > job.name
                ORDER BY s.job_type, s.concurrency LIMIT 1
            ) n
        )
        SELECT min(most) FROM job
    ), (
        SELECT min(concurrency) FROM projects WHERE concurrency IS NOT NULL
    ));
    -- Also with nothing running.
    IF least_limit < room THEN
        RETURN false;
    END IF;
    IF least_limit >= room + (
        SELECT count(*) FROM open_queue_runs WHERE state = 'running'
    ) + (
        SELECT count(*) FROM open_runs WHERE state = 'running'
    ) THEN
        RETURN true;
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
