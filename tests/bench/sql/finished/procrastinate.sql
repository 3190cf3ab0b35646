-- As tests/bench/peers/python/README.md has it: without their events, which no fetch reads.
INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, attempts)
SELECT 'default', 'noop', '{}', 'succeeded', 1 FROM generate_series(1, :count::bigint);
