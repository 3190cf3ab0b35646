-- Locks the states of joins, which are made where they are not there yet; in one order for all.
-- $1 traces uuid[], $2 projects uuid[], $3 jobs text[], in their order
-- plan: none
INSERT INTO run_joins (trace_id, project_id, job_type)
SELECT trace_id, project_id, job_type FROM unnest($1::uuid[], $2::uuid[], $3::text[])
    AS wanted (trace_id, project_id, job_type)
ON CONFLICT (trace_id, project_id, job_type) DO UPDATE SET state = run_joins.state
RETURNING trace_id, project_id, job_type, state, due_at
