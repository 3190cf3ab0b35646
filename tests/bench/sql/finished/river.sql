-- As tests/bench/peers/rust/river/README.md has it: within the 24 hours that finished jobs are kept.
DROP INDEX river_job_args_index, river_job_metadata_index;
INSERT INTO river_job (state, attempt, max_attempts, attempted_at, attempted_by, finalized_at, kind, args)
SELECT 'completed', 1, 25, now(), ARRAY['depth'], now(), 'noop', '{}' FROM generate_series(1, :count::bigint);
CREATE INDEX river_job_args_index ON river_job USING gin (args);
CREATE INDEX river_job_metadata_index ON river_job USING gin (metadata);
