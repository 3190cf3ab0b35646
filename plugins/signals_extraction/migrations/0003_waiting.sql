-- Questions that wait are gone over by their id, a page at a time.
CREATE INDEX signals_processed_waiting ON signals_processed (project_id, awaiting_answer, message_id);
