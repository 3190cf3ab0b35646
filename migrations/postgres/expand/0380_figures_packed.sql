-- Figures of runs by minute, many to a row. A process adds what it has counted of a job since it wrote before, as a part
-- of its own, and changes no row that is there: each version of a row that changes would stay for as long as some
-- transaction is open, and every change would step over them. When the minute is over the process puts one part in the
-- place of its parts. Rows older than two days become rows of run_stats, one an hour.
--
-- run_stats keeps the rows by hour, what waits and runs, and the rows by minute of older versions. An older version
-- writes and reads run_stats alone: while both run, its screens have none of the figures that newer processes wrote
-- within the last two days.
CREATE TABLE run_figures (
    minute   timestamptz NOT NULL,
    job_type text        NOT NULL,
    -- The process.
    source   text        NOT NULL,
    part     integer     NOT NULL,
    -- Columns of run_stats, with as many elements each.
    projects uuid[]      NOT NULL,
    kinds    text[]      NOT NULL,
    buckets  integer[]   NOT NULL,
    runs     bigint[]    NOT NULL,
    micros   bigint[]    NOT NULL,
    -- Sums of runs and micros over the projects, by kind and bucket.
    sum_kinds   text[]    NOT NULL,
    sum_buckets integer[] NOT NULL,
    sum_runs    bigint[]  NOT NULL,
    sum_micros  bigint[]  NOT NULL,
    PRIMARY KEY (minute, job_type, source, part)
);
-- Of the parts of a minute all but one are dead when it is over, which is most of what was written: they are removed
-- after so many as some minutes have, and not a fifth of two days of rows.
ALTER TABLE run_figures SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);

-- All figures. A condition on minute, job_type and source is one on both tables.
CREATE VIEW all_run_stats AS
SELECT minute, job_type, project_id, kind, bucket, source, runs, micros FROM run_stats
UNION ALL
SELECT f.minute, f.job_type, c.project_id, c.kind, c.bucket, f.source, c.runs, c.micros
FROM run_figures f
CROSS JOIN LATERAL unnest(f.projects, f.kinds, f.buckets, f.runs, f.micros)
    AS c(project_id, kind, bucket, runs, micros);

-- All figures without their projects. Of a row of run_figures this reads the sums, which are as many times fewer as a job
-- has projects.
CREATE VIEW job_run_stats AS
SELECT minute, job_type, kind, bucket, source, runs, micros FROM run_stats
UNION ALL
SELECT f.minute, f.job_type, c.kind, c.bucket, f.source, c.runs, c.micros
FROM run_figures f
CROSS JOIN LATERAL unnest(f.sum_kinds, f.sum_buckets, f.sum_runs, f.sum_micros)
    AS c(kind, bucket, runs, micros);
