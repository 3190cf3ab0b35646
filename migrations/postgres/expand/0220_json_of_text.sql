-- JSON text as jsonb, to look into it; NULL for what jsonb cannot hold, such as \u0000 or a number of a million
-- digits. The type json, which cascade_enqueue takes, allows both.
CREATE FUNCTION cascade_json(document text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    RETURN document::jsonb;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
    RETURN NULL;
END
$$;
