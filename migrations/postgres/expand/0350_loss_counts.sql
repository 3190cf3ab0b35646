-- Whether the loss of a run's worker uses up its attempt. NULL: not known, it is young, and others were held with it;
-- true: its worker has renewed its lease since it began, or has begun it alone; false: its worker was lost while it
-- was young, so that it is begun alone. Versions that do not know the column let each loss use up an attempt.
ALTER TABLE worker_runs ADD COLUMN loss_counts boolean;
ALTER TABLE queue_runs ADD COLUMN loss_counts boolean;
