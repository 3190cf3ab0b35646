-- Lines of the logs of runs, in their order.
-- $1 runs uuid[], $2 times timestamptz[], $3 levels text[], $4 messages text[], $5 fields json[]
-- plan: none
INSERT INTO run_logs (run_id, at, level, message, fields)
SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::json[])
