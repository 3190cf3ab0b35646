-- Writes what has begun of keys that this transaction has locked (key_uses.sql).
-- $1 jobs text[], $2 projects uuid[], $3 keys text[], $4 what has begun text[], $5 until which hour it counts int8[]
-- plan: key_begins_pkey
UPDATE key_begins b SET begun = n.begun, until_hour = n.until_hour
FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::bigint[])
    AS n (job_type, project_id, key, begun, until_hour)
WHERE b.job_type = n.job_type AND b.project_id = n.project_id AND b.key = n.key
