-- When tables are cleaned up, each for what happens to it: the defaults of the server are a fifth of a table.

-- Every run changes a row of these, of as many as there are schedules: the next statements step over its dead rows.
ALTER TABLE scheduled_jobs SET (autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE job_last SET (autovacuum_vacuum_scale_factor = 0.05);
-- Few rows that change all the time, or that come and go: after so many changes, as a part of a few rows is nothing.
ALTER TABLE pending_events SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
ALTER TABLE workers SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 100);
ALTER TABLE queue_workers SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 100);
-- Rows are added, and leave at the end of their retention. Lists and counts are read from indexes alone only where
-- the visibility map says so: of ten million rows two million would be new before anybody wrote it.
ALTER TABLE ended_runs SET (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE ended_queue_runs SET (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE events SET (autovacuum_vacuum_insert_scale_factor = 0.05);
ALTER TABLE run_logs SET (autovacuum_vacuum_insert_scale_factor = 0.05);
ALTER TABLE run_stats SET (autovacuum_vacuum_scale_factor = 0.05);
