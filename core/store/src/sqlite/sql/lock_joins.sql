-- States of joins, which are made where they are not there yet; the one writer has locked them all.
-- ?1 [[trace, project, job], ...]
-- plan: none
INSERT INTO run_joins (trace_id, project_id, job_type)
SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1) WHERE TRUE
ON CONFLICT (trace_id, project_id, job_type) DO UPDATE SET state = run_joins.state
RETURNING trace_id, project_id, job_type, state, due_at
