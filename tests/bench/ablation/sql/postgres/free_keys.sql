-- Follows end_claim.sql or end_parts.sql: the keys of the schedules are free.
, freed AS (
    DELETE FROM running_keys k USING gone g
    WHERE k.job_type = g.job_type AND k.project_id = g.project_id AND k.key = ''
)
