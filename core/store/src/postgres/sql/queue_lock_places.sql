-- Takes the turns of the keys of which several runs go at a time, and that of a run which is to end in this transaction:
-- after queue_lock_keys.sql, which locks the others. With $7 a run that waits for a later time than a request gives up
-- its place.
-- $1 jobs text[], $2 projects uuid[], $3 keys text[], $4 times of the requests timestamptz[] (NULL: now),
-- $5 seconds that each waits from then on float8[], $6 the run that is to end uuid (NULL: none),
-- $7 whether runs that wait for a later time give up their places bool
-- plan: run_requests_pkey
SELECT give_up_places(k.job_type, k.project_id, k.key, k.due)
FROM (
    SELECT w.job_type, w.project_id, w.key, CASE WHEN $7
        THEN min(greatest(coalesce(w.at, now()), now()) + make_interval(secs => coalesce(w.pause, 0)))
        ELSE 'infinity' END AS due
    FROM (
        SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::timestamptz[], $5::float8[])
            AS w (job_type, project_id, key, at, pause)
        UNION ALL
        SELECT job_type, project_id, key, 'infinity', 0 FROM run_requests WHERE run_id = $6
    ) w JOIN keyed_jobs j ON j.job_type = w.job_type AND runs_of_key(w.job_type, w.key) > 1
    WHERE w.key <> ''
    GROUP BY w.job_type, w.project_id, w.key
    ORDER BY key_turn(w.job_type, w.project_id, w.key)
) k
