-- Until when a schedule is paused, why and by whom; without a time, until somebody resumes it. A version before this
-- knows only `status`: there it stays paused until a process of this version, or a person, resumes it.
ALTER TABLE scheduled_jobs ADD COLUMN paused_until TEXT;
ALTER TABLE scheduled_jobs ADD COLUMN pause_reason TEXT;
ALTER TABLE scheduled_jobs ADD COLUMN paused_by TEXT;
ALTER TABLE scheduled_jobs ADD COLUMN paused_at TEXT;
CREATE INDEX scheduled_jobs_paused_until ON scheduled_jobs (paused_until)
    WHERE status = 'paused' AND paused_until IS NOT NULL;
-- Whichever version resumes it: what was noted must not hold for the next pause.
CREATE TRIGGER scheduled_jobs_resumed AFTER UPDATE OF status ON scheduled_jobs
WHEN NEW.status <> 'paused' AND NEW.paused_at IS NOT NULL
BEGIN
    UPDATE scheduled_jobs
    SET paused_until = NULL, pause_reason = NULL, paused_by = NULL, paused_at = NULL
    WHERE id = NEW.id;
END;
