-- ?1 projects json: [{"id", "slug", "name", "concurrency"}], ?2 now text
-- plan: none (the constraint is sqlite_autoindex_projects_2)
-- Projects that are as they should be are not written.
INSERT INTO projects (id, slug, name, concurrency, created_at)
SELECT value ->> '$.id', value ->> '$.slug', value ->> '$.name', value ->> '$.concurrency', ?2
FROM json_each(?1) WHERE true
ON CONFLICT (slug) DO UPDATE SET name = excluded.name, concurrency = excluded.concurrency
WHERE (projects.name, projects.concurrency) IS NOT (excluded.name, excluded.concurrency)
