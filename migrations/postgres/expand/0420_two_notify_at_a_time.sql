-- Of the transactions that commit at one time at most two notify workers.
--
-- PostgreSQL lets transactions that notify commit only one after another: each has a lock of the whole cluster until
-- the disk has its commit record. Applications that ask for runs would all wait for each other there. So a transaction
-- notifies only if it gets one of two locks. Where others have both, the later of these two writes its commit record
-- once the earlier one is through, and thereby mostly after those of all that found both taken. What is committed later
-- still is found by the second looks of workers (core/engine/src/scheduler/wake.rs).
--
-- An application may leave its transaction open for long after it has asked for a run. The locks are tried at its commit,
-- as otherwise nobody would be told of anything while it has them.
CREATE FUNCTION tell_workers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtext('cascade.tell_workers'), 1)
        OR pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtext('cascade.tell_workers'), 2)
    THEN
        PERFORM pg_catalog.pg_notify('worker_signals', 'asked');
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER workers_are_told AFTER INSERT ON run_requests
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.asked_by LIKE 'sql %') EXECUTE FUNCTION tell_workers();
