-- $1 id uuid[], $2 slug text[], $3 name text[], $4 concurrency int[]
-- plan: projects_slug_key
-- Projects that are as they should be are not written.
INSERT INTO projects AS p (id, slug, name, concurrency)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[])
ON CONFLICT (slug) DO UPDATE SET name = excluded.name, concurrency = excluded.concurrency
WHERE (p.name, p.concurrency) IS DISTINCT FROM (excluded.name, excluded.concurrency)
