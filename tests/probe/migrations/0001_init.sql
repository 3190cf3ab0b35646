CREATE TABLE probe_notes (
    run_id     text    NOT NULL,
    number     integer NOT NULL,
    project_id text    NOT NULL,
    note       text    NOT NULL,
    PRIMARY KEY (run_id, number)
);
