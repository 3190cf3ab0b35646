-- As tests/bench/peers/rust/apalis/README.md has it: the trigger would notify for each row.
ALTER TABLE apalis.jobs DISABLE TRIGGER notify_workers;
INSERT INTO apalis.jobs (job, id, job_type, status, attempts, last_result, done_at, metadata)
SELECT '\x7b224e6f6f70223a7b7d7d', 'DEPTH' || lpad(i::text, 21, '0'), 'bench', 'Done', 1, '{"Ok": null}', now(), ''
FROM generate_series(1, :count::bigint) i;
ALTER TABLE apalis.jobs ENABLE TRIGGER notify_workers;
