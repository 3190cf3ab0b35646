-- How far joins of jobs.toml have come: one row for each trace, or, with the nil id, for the latest runs of each
-- job. Its lock brings ends of runs that bear on one join into an order.
CREATE TABLE run_joins (
    trace_id   uuid NOT NULL,
    project_id uuid NOT NULL,
    -- The job that it triggers.
    job_type   text NOT NULL,
    -- JSON text: runs by job and how they ended, and what became of the join.
    state      text NOT NULL DEFAULT '{}',
    -- When its time is over, where it has one and waits.
    due_at     timestamptz,
    -- It is kept for as long as runs are from then on.
    made_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (trace_id, project_id, job_type)
) WITH (fillfactor = 50);
-- Ids of traces grow with time: the latest of a job comes last.
CREATE INDEX run_joins_by_job ON run_joins (job_type, project_id, trace_id);
CREATE INDEX run_joins_by_age ON run_joins (made_at);
CREATE INDEX run_joins_due ON run_joins (due_at) WHERE due_at IS NOT NULL;

-- The traces that a run belongs to beside its own, where triggers of several became one run.
CREATE TABLE run_traces (
    trace_id uuid NOT NULL,
    run_id   uuid NOT NULL,
    -- It is kept for as long as runs are from then on.
    at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (trace_id, run_id)
);
CREATE INDEX run_traces_by_age ON run_traces (at);
