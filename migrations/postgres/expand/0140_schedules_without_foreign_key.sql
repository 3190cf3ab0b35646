-- A start makes a million rows, and half of their time went into looking up each one's project.
-- Projects are never removed, and the host alone makes schedules, of projects that it has just made.
ALTER TABLE scheduled_jobs DROP CONSTRAINT IF EXISTS scheduled_jobs_project_id_fkey;
