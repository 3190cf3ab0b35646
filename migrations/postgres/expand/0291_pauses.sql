-- Until when a schedule is paused, why and by whom; without a time, until somebody resumes it. A version before this
-- knows only `status`: there it stays paused until a process of this version, or a person, resumes it.
ALTER TABLE scheduled_jobs
    ADD COLUMN paused_until timestamptz,
    ADD COLUMN pause_reason text,
    ADD COLUMN paused_by    text,
    ADD COLUMN paused_at    timestamptz;
CREATE INDEX scheduled_jobs_paused_until ON scheduled_jobs (paused_until)
    WHERE status = 'paused' AND paused_until IS NOT NULL;
-- Whichever version resumes it: what was noted must not hold for the next pause.
CREATE FUNCTION scheduled_jobs_resumed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.paused_until := NULL;
    NEW.pause_reason := NULL;
    NEW.paused_by := NULL;
    NEW.paused_at := NULL;
    RETURN NEW;
END $$;
CREATE TRIGGER scheduled_jobs_resumed BEFORE UPDATE OF status ON scheduled_jobs
    FOR EACH ROW WHEN (NEW.status <> 'paused' AND NEW.paused_at IS NOT NULL)
    EXECUTE FUNCTION scheduled_jobs_resumed();
