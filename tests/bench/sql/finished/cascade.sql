-- `:count` completed runs over the projects that there are (at least 1,000), as if they had ended one
-- after another within the month that runs are kept; and one event for each of the last tenth of them,
-- as events are kept for three days. Indexes are made afterwards, which is faster.
SET session_replication_role = replica;
INSERT INTO projects (id, slug, name)
SELECT gen_random_uuid(), 'p' || i, 'Project ' || i FROM generate_series(0, 999) i
ON CONFLICT (slug) DO NOTHING;
CREATE TEMP TABLE saved AS
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
FROM pg_index
WHERE indrelid IN ('ended_runs'::regclass, 'events'::regclass)
  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = indexrelid);
SELECT format('DROP INDEX %s', name) FROM saved \gexec
CREATE TEMP TABLE numbered AS
SELECT row_number() OVER (ORDER BY id) - 1 AS n, id FROM projects;
CREATE UNIQUE INDEX ON numbered (n);
ANALYZE numbered;
INSERT INTO ended_runs
    (id, trace_id, job_type, project_id, state, attempt, max_attempts, available_at, queued_at,
     started_at, finished_at)
SELECT v7, v7, 'bench_' || i % 10, p.id, 'completed', 1, 3, at, at, at + interval '1 ms',
       at + interval '2 ms'
FROM (SELECT i, at, (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' ||
        lpad(to_hex(i % 4096), 3, '0') || '8' || substr(md5(i::text), 1, 15))::uuid AS v7
      FROM (SELECT i, date_trunc('milliseconds', now() - interval '29 days' * (1 - i / :count::float8)) AS at
            FROM generate_series(1, :count::bigint) i) times) done
JOIN numbered p ON p.n = i / 10 % (SELECT count(*) FROM numbered);
INSERT INTO events (id, project_id, kind, payload, at)
SELECT nextval('event_ids'), r.project_id, 'job_completed',
       json_build_object('job_type', r.job_type, 'project_id', r.project_id, 'status', 'ok',
                         'at', to_char(r.finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
       r.finished_at
FROM (SELECT * FROM ended_runs WHERE finished_at > now() - interval '2.9 days' ORDER BY finished_at) r;
SELECT definition FROM saved \gexec
