-- Figures of runs by minute, many to a row. A process adds what it has counted of a job since it wrote before, as a part
-- of its own, and changes no row that is there. When the minute is over it puts one part in the place of its parts.
-- Rows older than two days become rows of run_stats, one an hour.
--
-- run_stats keeps the rows by hour, what waits and runs, and the rows by minute of older versions. An older version
-- writes and reads run_stats alone: it has none of the figures that a newer one wrote within the last two days.
CREATE TABLE run_figures (
    minute   TEXT    NOT NULL,
    job_type TEXT    NOT NULL,
    -- The process.
    source   TEXT    NOT NULL,
    part     INTEGER NOT NULL,
    -- Sums of runs and micros over the projects: a JSON list of lists: kind, bucket, runs, micros. They stand before the
    -- cells: what is before a long value is read without it.
    sums     TEXT    NOT NULL,
    -- A JSON list of lists: project_id, kind, bucket, runs, micros, as in run_stats.
    cells    TEXT    NOT NULL,
    PRIMARY KEY (minute, job_type, source, part)
);

-- All figures. A condition on minute, job_type and source is one on both tables.
CREATE VIEW all_run_stats AS
SELECT minute, job_type, project_id, kind, bucket, source, runs, micros FROM run_stats
UNION ALL
SELECT f.minute, f.job_type, c.value ->> 0, c.value ->> 1, c.value ->> 2, f.source, c.value ->> 3, c.value ->> 4
FROM run_figures f, json_each(f.cells) c;

-- All figures without their projects. Of a row of run_figures this reads the sums, which are as many times fewer as a job
-- has projects.
CREATE VIEW job_run_stats AS
SELECT minute, job_type, kind, bucket, source, runs, micros FROM run_stats
UNION ALL
SELECT f.minute, f.job_type, c.value ->> 0, c.value ->> 1, f.source, c.value ->> 2, c.value ->> 3
FROM run_figures f, json_each(f.sums) c;
