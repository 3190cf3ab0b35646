-- How far joins of jobs.toml have come: one row for each trace, or, with the nil id, for the latest runs of each
-- job.
CREATE TABLE run_joins (
    trace_id   TEXT NOT NULL,
    project_id TEXT NOT NULL,
    -- The job that it triggers.
    job_type   TEXT NOT NULL,
    -- JSON text: runs by job and how they ended, and what became of the join.
    state      TEXT NOT NULL DEFAULT '{}',
    -- When its time is over, where it has one and waits.
    due_at     TEXT,
    -- It is kept for as long as runs are from then on.
    made_at    TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    PRIMARY KEY (trace_id, project_id, job_type)
) WITHOUT ROWID;
-- Ids of traces grow with time: the latest of a job comes last.
CREATE INDEX run_joins_by_job ON run_joins (job_type, project_id, trace_id);
CREATE INDEX run_joins_by_age ON run_joins (made_at);
CREATE INDEX run_joins_due ON run_joins (due_at) WHERE due_at IS NOT NULL;

-- The traces that a run belongs to beside its own, where triggers of several became one run.
CREATE TABLE run_traces (
    trace_id TEXT NOT NULL,
    run_id   TEXT NOT NULL,
    -- It is kept for as long as runs are from then on.
    at       TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    PRIMARY KEY (trace_id, run_id)
) WITHOUT ROWID;
CREATE INDEX run_traces_by_age ON run_traces (at);
