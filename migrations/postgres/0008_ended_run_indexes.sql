-- A run that ends writes each index of the ended runs: they were a third of what a run cost.

-- One index orders the lists of runs and, holding what they are mostly filtered by, is all that a
-- filter reads: it takes the place of one more for each filter.
DROP INDEX worker_runs_by_job;
DROP INDEX ended_runs_queued;
CREATE INDEX ended_runs_queued ON ended_runs (queued_at, id)
    INCLUDE (job_type, project_id, state);

-- The last runs of a schedule. Claims go from project to project, so that runs which end together are
-- mostly of few projects: their entries lie together too.
DROP INDEX worker_runs_history;
CREATE INDEX worker_runs_history ON ended_runs
    (((finished_at AT TIME ZONE 'UTC')::date), project_id, job_type, finished_at);

-- A trace bears the id of the run that began it, which is found by that.
DROP INDEX worker_runs_of_trace;
CREATE INDEX worker_runs_of_trace ON ended_runs (trace_id) WHERE trace_id <> id;
