-- The runs of a trace in the order in which they were queued, of those that have not ended too: a trace of many
-- runs is read in pages, and cancelled as a whole.
DROP INDEX ended_queue_runs_of_trace;
CREATE INDEX ended_queue_runs_of_trace ON ended_queue_runs (trace_id, queued_at, id)
    WHERE trace_id <> id;
CREATE INDEX open_queue_runs_of_trace ON open_queue_runs (trace_id, queued_at, id)
    WHERE trace_id <> id;
