-- Unfinished runs by the time of their request, whose id only goes with it. As a part of the key it was one more index in
-- which a run can be looked for by its id, through all of its entries: while a transaction is open for long those are
-- many, statistics say that there is none, and the planner takes every index to be one page long.
DROP INDEX open_queue_runs_queued;
CREATE INDEX open_queue_runs_queued ON open_queue_runs (queued_at) INCLUDE (id);
