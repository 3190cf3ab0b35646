-- As the function with six arguments, with tags; none has a default, so that a call of that one stays a call of it.
CREATE FUNCTION cascade_enqueue(
    job text, project text, args json, key text, run_at timestamptz, priority integer, tags text[]
) RETURNS uuid LANGUAGE plpgsql VOLATILE SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE
    run uuid;
BEGIN
    IF (SELECT count(DISTINCT tag) FROM unnest(cascade_enqueue.tags) tag) > 16 THEN
        RAISE EXCEPTION 'cascade_enqueue: a run has at most 16 tags'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF EXISTS (
        SELECT FROM unnest(cascade_enqueue.tags) tag
        WHERE tag IS NULL OR octet_length(tag) NOT BETWEEN 1 AND 64 OR tag ~ '^\s|\s$|[[:cntrl:]]'
    ) THEN
        RAISE EXCEPTION 'cascade_enqueue: a tag has 1 to 64 bytes, no space at either end and no control characters'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    run := cascade_enqueue(
        cascade_enqueue.job, cascade_enqueue.project, coalesce(cascade_enqueue.args, '{}'),
        cascade_enqueue.key, cascade_enqueue.run_at, coalesce(cascade_enqueue.priority, 0)
    );
    INSERT INTO run_tags (project_id, run_id, tag)
    SELECT DISTINCT q.project_id, q.run_id, tag
    FROM run_requests q, unnest(cascade_enqueue.tags) tag
    WHERE q.run_id = run;
    RETURN run;
END
$$;
REVOKE ALL ON FUNCTION cascade_enqueue(text, text, json, text, timestamptz, integer, text[]) FROM PUBLIC;
DO $$
BEGIN
    EXECUTE format(
        'ALTER FUNCTION cascade_enqueue(text, text, json, text, timestamptz, integer, text[])
         SET search_path = %I, pg_temp', current_schema()
    );
END
$$;
