-- Runs that take long move each to a claim of its own. `{columns}` are those of a run.
-- $1 claims uuid[], $2 marks text[], $3 worker text
WITH moved AS (
    UPDATE claims c SET ended = c.ended | m.mark::bit(512)
    FROM unnest($1::uuid[], $2::text[]) AS m (id, mark)
    WHERE c.id = m.id AND c.owner = $3
    RETURNING c.started_at AS began, c.runs, m.mark
)
INSERT INTO claims (id, owner, started_at, runs)
SELECT r.id, $3, moved.began, ARRAY[ROW({columns})::{open}]
FROM moved CROSS JOIN LATERAL unnest(moved.runs) WITH ORDINALITY AS r ({columns}, place)
WHERE substr(moved.mark, place::int, 1) = '1'
