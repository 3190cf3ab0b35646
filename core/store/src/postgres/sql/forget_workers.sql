-- Workers whose time is over and that hold nothing. One that comes back to life meanwhile has a row of a
-- later date, which stays.
-- $1 a worker that is at work text
-- plan: none (a row for each worker)
DELETE FROM workers w WHERE w.lease_until < now() AND w.owner <> $1 AND NOT EXISTS (
    SELECT FROM open_runs r WHERE r.lease_owner = w.owner AND r.state = 'running'
)
