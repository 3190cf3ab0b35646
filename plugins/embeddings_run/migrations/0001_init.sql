-- One embedding per message, of the model that made it last.
CREATE TABLE message_embeddings (
    message_id  text   NOT NULL PRIMARY KEY,
    project_id  text   NOT NULL,
    model       text   NOT NULL,
    dim         bigint NOT NULL,
    -- 32-bit little-endian floats of unit length, in base64.
    vector      text   NOT NULL,
    embedded_at text   NOT NULL
);
CREATE INDEX message_embeddings_by_model ON message_embeddings (project_id, model);
