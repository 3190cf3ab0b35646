-- A run of a schedule's key whose time has not come is behind, so that it keeps the timer from nothing; what is due of
-- these is asked for at each look.
CREATE INDEX queue_runs_of_schedule_due ON queue_runs (available_at)
    WHERE behind = 1 AND key = '' AND state = 'available';
