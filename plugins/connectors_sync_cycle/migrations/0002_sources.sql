-- How each source of the file fares: what its last reading found, and since when it fails.
CREATE TABLE connector_sources (
    project_id    text   NOT NULL,
    source        text   NOT NULL,
    kind          text   NOT NULL,
    -- Path or URL: another one is tried at once, however long the former failed.
    address       text   NOT NULL,
    -- When it was last read without a fault.
    read_at       text,
    new_count     bigint NOT NULL,
    changed_count bigint NOT NULL,
    skipped_count bigint NOT NULL,
    -- The first thing skipped, or what else the operator should know.
    note          text,
    failing_since text,
    failures      bigint NOT NULL,
    reason        text,
    next_try_at   text,
    PRIMARY KEY (project_id, source)
);
