-- As tests/bench/peers/node/README.md has it: within the seven days that finished jobs are kept.
INSERT INTO pgboss.job (name, data, state, start_after, created_on, started_on, completed_on, keep_until)
SELECT 'noop', '{}', 'completed', t, t, t, t, t + interval '14 days'
FROM (SELECT now() - interval '1 day' + n * interval '5 ms' AS t FROM generate_series(1, :count::bigint) n) s;
